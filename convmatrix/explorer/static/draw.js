// Small tools: elements, colours, and two pens that draw the same picture on a canvas or as SVG.

/** An element with attributes and children; `text` and `on…` are what one expects. */
function make(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false) continue;
		if (name === "text") element.textContent = value;
		else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
		else element.setAttribute(name, value === true ? "" : String(value));
	}
	element.append(...children.filter((child) => child));
	return element;
}

const button = (text, onclick, more = {}) => make("button", { type: "button", text, onclick, ...more });

/** Viridis, which every eye reads in order: a colour of a tap among so many. */
const RAMP = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81], [253, 231, 37]];
function ramp(share) {
	const place = Math.max(0, Math.min(0.9999, share)) * (RAMP.length - 1);
	const low = RAMP[Math.floor(place)], high = RAMP[Math.floor(place) + 1];
	return low.map((c, j) => Math.round(c + (high[j] - c) * (place - Math.floor(place))));
}
const tapShare = (place, count) => (count < 2 ? 0.55 : 0.2 + (0.79 * place) / (count - 1));
function tapColour(place, count) { return `rgb(${ramp(tapShare(place, count)).join(" ")})`; }
function tapInk(place, count) {
	const [r, g, b] = ramp(tapShare(place, count)).map((c) => (c / 255) ** 2.2);
	return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff"; // whichever contrasts more
}

/** Colours of pins (Okabe and Ito), each with a letter, so that colour is never alone. */
const PIN_COLOURS = ["#d55e00", "#0072b2", "#cc79a7", "#009e73", "#e69f00", "#56b4e9"];
const pinLetter = (j) => String.fromCharCode(65 + (j % 26));

/** The page's colours, read where they are set. */
function inks(root) {
	const style = getComputedStyle(root);
	const read = (name) => style.getPropertyValue(name).trim() || "#888";
	return { ink: read("--ink"), paper: read("--paper"), line: read("--line"), soft: read("--soft"), mark: read("--mark") };
}

/** A pen on a canvas, sharp on every screen. */
function canvasPen(canvas, width, height) {
	const scale = Math.min(3, globalThis.devicePixelRatio || 1, 8000 / Math.max(width, height)); // as wide as browsers draw
	const [across, down] = [width, height].map((n) => Math.max(1, Math.round(n * scale)));
	const c = canvas.getContext("2d");
	if (canvas.width === across && canvas.height === down) c.clearRect(0, 0, width, height);
	else {
		[canvas.width, canvas.height] = [across, down];
		[canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
	}
	c.setTransform(scale, 0, 0, scale, 0, 0);
	return {
		rect(x, y, w, h, fill, stroke, width = 1) {
			if (fill) { c.fillStyle = fill; c.fillRect(x, y, w, h); }
			if (stroke) { c.strokeStyle = stroke; c.lineWidth = width; c.strokeRect(x, y, w, h); }
		},
		line(x1, y1, x2, y2, stroke, width = 1) {
			c.strokeStyle = stroke; c.lineWidth = width; c.beginPath(); c.moveTo(x1, y1); c.lineTo(x2, y2); c.stroke();
		},
		dot(x, y, r, fill, stroke) {
			c.beginPath(); c.arc(x, y, r, 0, 2 * Math.PI); c.fillStyle = fill; c.fill();
			if (stroke) { c.strokeStyle = stroke; c.lineWidth = 1.5; c.stroke(); }
		},
		text(text, x, y, size, fill, anchor = "middle") {
			c.font = `${size}px system-ui, sans-serif`; c.fillStyle = fill; c.textBaseline = "middle";
			c.textAlign = anchor === "middle" ? "center" : anchor === "end" ? "right" : "left";
			c.fillText(text, x, y);
		},
	};
}

/** The same pen, drawing SVG text. */
function svgPen(width, height, paper) {
	const parts = [];
	const n = (v) => Math.round(v * 100) / 100;
	const safe = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
	return {
		rect(x, y, w, h, fill, stroke, width = 1) {
			parts.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" fill="${fill || "none"}"${stroke ? ` stroke="${stroke}" stroke-width="${width}"` : ""}/>`);
		},
		line(x1, y1, x2, y2, stroke, width = 1) {
			parts.push(`<line x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" stroke="${stroke}" stroke-width="${width}"/>`);
		},
		dot(x, y, r, fill, stroke) {
			parts.push(`<circle cx="${n(x)}" cy="${n(y)}" r="${r}" fill="${fill}"${stroke ? ` stroke="${stroke}" stroke-width="1.5"` : ""}/>`);
		},
		text(text, x, y, size, fill, anchor = "middle") {
			parts.push(`<text x="${n(x)}" y="${n(y)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}" dominant-baseline="central">${safe(text)}</text>`);
		},
		toString: () =>
			`<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}" font-family="system-ui, sans-serif"><rect width="100%" height="100%" fill="${paper}"/>${parts.join("")}</svg>`,
	};
}

/** A picture of two canvases: what stands, and what is lit on top of it. */
class Picture {
	light(layers) { this.paintTop(canvasPen(this.top, this.width, this.height), layers); }

	paint(make_pen) {
		const pen = make_pen(this.width, this.height);
		this.paintBase(pen);
		this.paintTop(pen, this.app.layers());
		return pen;
	}
}

/** Text cut to so many pixels. */
function fitted(text, width, size) {
	const most = Math.floor(width / (size * 0.58));
	return text.length <= most ? text : most > 1 ? `${text.slice(0, most - 1)}…` : "";
}

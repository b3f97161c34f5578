// The connectivity graph: x on the left, y on the right. It stays as it is when the map is turned.

const MOST_DRAWN_EDGES = 4000;

class Graph extends Picture {
	constructor(app) {
		super();
		this.app = app;
		this.element = make("section", { class: "pane" });
	}

	draw() {
		const { app } = this;
		const { x, y, size } = app.tables;
		const most = Math.max(x.count, y.count);
		this.width = 300;
		this.height = Math.max(160, Math.min(540, most * 18));
		this.base = make("canvas", { role: "img", "aria-label": `${app.say("graph")}, ${size.toLocaleString(app.lang)} ${app.links}`, "data-testid": "graph" });
		this.top = make("canvas", { class: "over", "aria-hidden": "true" });
		this.element.replaceChildren(
			make("h2", {}, make("span", { text: app.say("graph") }), make("small", { text: ` ${app.say(app.turned ? "backward" : "forward")}` })),
			make("div", { class: "stack" }, this.base, this.top),
		);
		if (size > MOST_DRAWN_EDGES) this.element.append(make("p", { class: "note", text: app.say("many_edges", size.toLocaleString(app.lang)) }));
		this.paintBase(canvasPen(this.base, this.width, this.height));
		canvasPen(this.top, this.width, this.height);
		const at = (event) => {
			const box = this.base.getBoundingClientRect();
			const left = event.clientX - box.left, kind = left < this.width * 0.35 ? "x" : left > this.width * 0.65 ? "y" : null;
			if (!kind) return null;
			const side = app.tables[kind], gap = this.gap(side);
			const i = Math.round((event.clientY - box.top - this.start(side)) / (gap || 1));
			return i >= 0 && i < side.count ? { kind, i } : null;
		};
		this.base.addEventListener("pointermove", (event) => { const s = at(event); if (s) app.hover(s); });
		this.base.addEventListener("click", (event) => { const s = at(event); if (s) app.pin(s); });
	}

	gap(side) { return side.count > 1 ? Math.min(28, (this.height - 24) / (side.count - 1)) : 0; }
	start(side) { return (this.height - this.gap(side) * (side.count - 1)) / 2; }
	spot(kind, i) { const side = this.app.tables[kind]; return [kind === "x" ? 62 : this.width - 62, this.start(side) + i * this.gap(side)]; }

	edge(pen, p, stroke, width) {
		const { x, y } = this.app.tables;
		const [x1, y1] = this.spot("x", x.of[p]), [x2, y2] = this.spot("y", y.of[p]);
		const twin = this.twins && this.twins.get(`${x.of[p]},${y.of[p]}`);
		const shift = twin && twin.length > 1 ? (twin.indexOf(p) - (twin.length - 1) / 2) * 5 : 0;
		if (!shift) pen.line(x1, y1, x2, y2, stroke, width);
		else { pen.line(x1, y1, (x1 + x2) / 2, (y1 + y2) / 2 + shift, stroke, width); pen.line((x1 + x2) / 2, (y1 + y2) / 2 + shift, x2, y2, stroke, width); }
	}

	paintBase(pen) {
		const { tables, root, labels } = this.app;
		const colours = inks(root);
		if (tables.size <= MOST_DRAWN_EDGES) {
			this.twins = new Map();
			for (let p = 0; p < tables.size; p++) {
				const key = `${tables.x.of[p]},${tables.y.of[p]}`;
				if (!this.twins.has(key)) this.twins.set(key, []);
				this.twins.get(key).push(p);
			}
			for (let p = 0; p < tables.size; p++) this.edge(pen, p, tables.colour(p), 1);
		}
		for (const kind of ["x", "y"]) {
			const side = tables[kind], gap = this.gap(side);
			for (let i = 0; i < side.count; i++) {
				const [x, y] = this.spot(kind, i);
				if (gap >= 3 || side.count === 1) pen.dot(x, y, gap >= 9 || side.count === 1 ? 3.5 : 1.2, colours.ink);
				else if (i === 0) pen.line(x, y, x, this.start(side) + gap * (side.count - 1), colours.ink, 2);
				const label = labels && labels[kind][i];
				if (gap >= 11 || side.count === 1 || label) pen.text(label || side.name(i), kind === "x" ? x - 8 : x + 8, y, label ? 12 : 10, colours.ink, kind === "x" ? "end" : "start");
			}
		}
	}

	paintTop(pen, layers) {
		const { tables, root } = this.app;
		const colours = inks(root);
		if (!layers.length) return;
		pen.rect(0, 0, this.width, this.height, veil(colours.paper));
		for (const { selection, entries, colour } of layers) {
			for (const p of entries) this.edge(pen, p, colour || tables.colour(p), 2.5);
			for (const p of entries) for (const kind of ["x", "y"]) pen.dot(...this.spot(kind, tables[kind].of[p]), 4, colour || tables.colour(p), colours.ink);
			const named = new Set(["x", "y"].flatMap((kind) => entries.slice(0, 400).map((p) => `${kind}:${tables[kind].of[p]}`)));
			if (selection.kind === "x" || selection.kind === "y") {
				pen.dot(...this.spot(selection.kind, selection.i), 5, colour || colours.mark, colours.ink);
				named.add(`${selection.kind}:${selection.i}`);
			}
			const taken = [];
			for (const key of named) {
				const [kind, i] = key.split(":"), [x, y] = this.spot(kind, +i);
				if (taken.some(([k, h]) => k === kind && Math.abs(h - y) < 9)) continue;
				taken.push([kind, y]);
				pen.text((this.app.labels && this.app.labels[kind][+i]) || tables[kind].name(+i), kind === "x" ? x - 9 : x + 9, y, 10, colours.ink, kind === "x" ? "end" : "start");
			}
		}
	}

}

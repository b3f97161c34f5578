// Input and output as grids: one cell an element, a slab for each channel (and slice, in 3-D).

const MOST_DOM_CELLS = 5000;

function slabs(shape) {
	const plane = shape.length < 3 ? [1, shape[1] ?? 1] : shape.slice(-2);
	const each = plane[0] * plane[1];
	const count = shape.reduce((a, b) => a * b, 1) / each;
	return { plane, each, count };
}
function slabName(app, side, slab) {
	const outer = side.axes.slice(0, side.axes.length < 3 ? 1 : -2);
	const place = unravel(slab, outer.map((axis) => axis.length)).map((p, j) => outer[j][p]);
	return place.map((p, j) => app.say(j ? "slice" : "channel", p)).join(", ");
}
function cellSize(columns, rows) {
	const most = Math.max(columns, rows);
	return most <= 6 ? 44 : most <= 9 ? 36 : most <= 12 ? 30 : most <= 18 ? 24 : most <= 34 ? 12 : most <= 64 ? 6 : Math.max(3, Math.floor(400 / most));
}

/** A pane with the grid of one space; `name` is its role, input or output. */
class Grid {
	constructor(app, letter) {
		this.app = app;
		this.letter = letter;
		this.element = make("section", { class: "pane", "data-space": letter });
		this.marked = [];
	}

	get role() { return (this.letter === "x") !== this.app.turned ? "input" : "output"; }
	get side() { return this.app.tables[this.letter]; }

	/** The text of an element: its value, or nothing. */
	text(i) { return this.value(i) ?? ""; }
	label(i) { return (this.app.labels && this.app.labels[this.letter][i]) || ""; }
	value(i) {
		const values = this.app.view.values;
		if (!values) return null;
		const name = this.app.turned ? (this.letter === "x" ? "v" : "u") : this.letter;
		return values[name] ? values[name][i] : null;
	}

	draw() {
		const { app, side } = this;
		const shape = side.shape;
		const full = this.letter === "x" ? app.view.in_shape : app.view.out_shape;
		const name = app.say(this.role);
		const { plane, each, count } = slabs(shape);
		this.size = Math.min(cellSize(plane[1], plane[0]), count > 16 ? 14 : count > 6 ? 26 : 44);
		this.plane = plane;
		this.element.replaceChildren(
			make("h2", {}, make("span", { text: name }), make("small", { text: ` ${this.letter} · ${full.join("×")}` })),
		);
		this.cells = null;
		if (side.count > MOST_DOM_CELLS) this.drawCanvas(plane, each, count);
		else this.drawCells(plane, each, count);
		const note = this.role === "input" && app.view.values && app.view.linear
			? make("p", { class: "note", text: app.say("editing") }) : null;
		if (note) this.element.append(note);
		this.shade();
	}

	drawCells(plane, each, count) {
		const { app, side } = this;
		const grid = make("div", { role: "grid", "aria-label": app.say(this.role), class: "grid", "aria-rowcount": plane[0] * count, "aria-colcount": plane[1], "aria-multiselectable": "true" });
		grid.style.setProperty("--cell", `${this.size}px`);
		this.cells = new Array(side.count);
		for (let s = 0; s < count; s++) {
			const slab = make("div", { role: "rowgroup", class: "slab", "data-caption": count > 1 ? slabName(app, side, s) : null });
			for (let r = 0; r < plane[0]; r++) {
				const row = make("div", { role: "row" });
				for (let c = 0; c < plane[1]; c++) {
					const i = s * each + r * plane[1] + c;
					const cell = document.createElement("div");
					cell.className = "cell";
					cell.setAttribute("role", "gridcell");
					cell.setAttribute("aria-selected", "false");
					cell.tabIndex = i ? -1 : 0;
					cell.dataset.space = this.letter;
					cell.dataset.i = String(i);
					this.fill(cell, i);
					row.append(cell);
					this.cells[i] = cell;
				}
				slab.append(row);
			}
			grid.append(slab);
		}
		this.grid = grid;
		this.element.append(make("div", { class: "scroll" }, grid));
	}

	fill(cell, i) {
		const text = this.text(i), value = this.value(i);
		if (this.label(i)) cell.dataset.label = this.label(i);
		const label = `${this.app.say(this.role)} ${this.side.name(i)}${this.label(i) ? ` (${this.label(i)})` : ""}`;
		cell.setAttribute("aria-label", value === null || value === undefined ? label : `${label} = ${value}`);
		if (this.size >= 24) cell.textContent = text;
		cell.classList.toggle("long", text.length > 3);
	}

	/** Above some thousand cells one canvas, moved through with the arrow keys. */
	drawCanvas(plane, each, count) {
		const shown = count;
		this.canvas = make("canvas", { tabindex: 0, role: "application", "aria-label": this.app.say(this.role) });
		this.top = make("canvas", { class: "over", "aria-hidden": "true" });
		this.across = plane[1] * this.size;
		const pen = canvasPen(this.canvas, this.across, plane[0] * this.size * shown + (shown - 1) * 8);
		const colours = inks(this.app.root);
		for (let s = 0; s < shown; s++) pen.rect(0.5, s * (plane[0] * this.size + 8) + 0.5, this.across - 1, plane[0] * this.size - 1, colours.soft, colours.line);
		canvasPen(this.top, this.across, plane[0] * this.size * shown + (shown - 1) * 8);
		const at = (event) => {
			const box = this.canvas.getBoundingClientRect();
			const c = Math.floor((event.clientX - box.left) / this.size), high = plane[0] * this.size + 8;
			const s = Math.floor((event.clientY - box.top) / high), r = Math.floor(((event.clientY - box.top) % high) / this.size);
			return r < plane[0] && c >= 0 && c < plane[1] && s >= 0 && s < shown ? s * each + r * plane[1] + c : null;
		};
		this.canvas.addEventListener("pointermove", (event) => { const i = at(event); if (i !== null) this.app.hover({ kind: this.letter, i }); });
		this.canvas.addEventListener("click", (event) => { const i = at(event); if (i !== null) this.app.pin({ kind: this.letter, i }); });
		this.cursor = 0;
		this.canvas.addEventListener("keydown", (event) => {
			const next = moved(event.key, this.cursor, plane, each, this.side.count);
			if (next !== null) { this.cursor = next; this.app.hover({ kind: this.letter, i: next }); event.preventDefault(); }
			if (event.key === "Enter" || event.key === " ") { this.app.pin({ kind: this.letter, i: this.cursor }); event.preventDefault(); }
		});
		this.element.append(make("div", { class: "scroll stack" }, this.canvas, this.top));
	}

	/** How dark a cell is by how many connections it has. */
	shade() {
		if (!this.cells) return;
		const overlap = this.app.view.overlap;
		const counts = overlap && (this.letter === "x" ? overlap.feeds : overlap.reads);
		const most = counts ? counts.reduce((a, b) => Math.max(a, b), 1) : 1;
		this.cells.forEach((cell, i) => {
			const on = this.app.shaded && counts;
			cell.style.setProperty("--shade", on ? `${Math.round((70 * counts[i]) / most)}%` : "0%");
		});
	}

	/** Light cells: of the selection by tap, of pins by their colours. */
	light(layers) {
		if (this.canvas && this.side.count > MOST_DOM_CELLS) return this.lightCanvas(layers);
		if (!this.cells) return undefined;
		for (const cell of this.marked) {
			cell.className = cell.className.replace(/ (lit|sel|pinned|both)\b/g, "");
			cell.style.removeProperty("--tap"); cell.style.removeProperty("--tap-ink"); cell.style.removeProperty("--pin");
			cell.removeAttribute("data-pin");
			cell.setAttribute("aria-selected", "false");
		}
		const marked = new Set();
		const pins = new Map();
		for (const { selection, entries, colour, letter } of layers) {
			if (selection.kind === this.letter && this.cells[selection.i]) {
				const cell = this.cells[selection.i];
				cell.classList.add("sel");
				if (colour) { cell.style.setProperty("--pin", colour); cell.dataset.pin = letter; }
				marked.add(cell);
				continue;
			}
			for (const entry of entries) {
				const i = this.side.of[entry], cell = this.cells[i];
				if (!cell) continue;
				cell.classList.add("lit");
				cell.setAttribute("aria-selected", "true");
				if (colour) {
					cell.classList.add("pinned");
					cell.style.setProperty("--pin", colour);
					if (!(pins.get(cell) || "").includes(letter)) pins.set(cell, (pins.get(cell) || "") + letter);
				} else { cell.style.setProperty("--tap", this.app.tables.colour(entry)); cell.style.setProperty("--tap-ink", this.app.tables.ink(entry)); }
				marked.add(cell);
			}
		}
		for (const [cell, letters] of pins) { cell.dataset.pin = letters; cell.classList.toggle("both", letters.length > 1); }
		this.marked = [...marked];
		return undefined;
	}

	lightCanvas(layers) {
		const [width, height] = [parseFloat(this.canvas.style.width), parseFloat(this.canvas.style.height)];
		const pen = canvasPen(this.top, width, height);
		const { each } = slabs(this.side.shape);
		const spot = (i, fill, stroke) => {
			const s = Math.floor(i / each), r = Math.floor((i % each) / this.plane[1]), c = i % this.plane[1];
			pen.rect(c * this.size, s * (this.plane[0] * this.size + 8) + r * this.size, this.size, this.size, fill, stroke);
		};
		const colours = inks(this.app.root);
		for (const { selection, entries, colour } of layers) {
			for (const entry of entries) spot(this.side.of[entry], colour || this.app.tables.colour(entry));
			if (selection.kind === this.letter) spot(selection.i, colour || colours.mark, colours.ink);
		}
	}

	/** Turn a cell into a field for its value. */
	edit(i) {
		const cell = this.cells && this.cells[i];
		if (!cell || this.role !== "input" || !this.app.view.values || this.app.frozen) return;
		const before = this.value(i);
		const field = make("input", { class: "edit", value: before, "aria-label": this.app.say("value_of", `${this.app.say(this.role)} ${this.side.name(i)}`) });
		let done = false;
		const finish = (keep) => {
			if (done) return;
			done = true;
			if (this.app.drawing) return; // it is drawn anew, and goes on there
			const text = field.value.trim().replace(/[\s,;|]+/g, "_");
			field.remove();
			this.fill(cell, i);
			cell.focus();
			if (keep && text && text !== before) this.app.setValue(this.letter, i, text);
		};
		field.addEventListener("keydown", (event) => {
			if (event.key === "Enter") finish(true);
			else if (event.key === "Escape") finish(false);
			event.stopPropagation();
		});
		field.addEventListener("blur", () => finish(true));
		cell.textContent = "";
		cell.append(field);
		field.focus();
		field.select();
	}

	/** The picture of the grid, on any pen. */
	paint(make_pen) {
		const { plane, each, count } = slabs(this.side.shape);
		const size = Math.max(this.size, 12), colours = inks(this.app.root);
		const pen = make_pen(plane[1] * size + 2, count * (plane[0] * size + 18) + 2);
		const lit = new Map();
		for (const { selection, entries, colour } of this.app.layers()) {
			for (const entry of entries) lit.set(this.side.of[entry], [colour || this.app.tables.colour(entry), colour ? colours.ink : this.app.tables.ink(entry)]);
			if (selection.kind === this.letter) lit.set(selection.i, [colours.mark, colours.ink]);
		}
		for (let s = 0; s < count; s++) {
			const y0 = s * (plane[0] * size + 18) + 17;
			pen.text(count > 1 ? slabName(this.app, this.side, s) : this.app.say(this.role), 1, y0 - 8, 11, colours.ink, "start");
			for (let j = 0; j < each; j++) {
				const i = s * each + j, x = (j % plane[1]) * size + 1, y = y0 + Math.floor(j / plane[1]) * size;
				const [fill, ink] = lit.get(i) || [colours.soft, colours.ink];
				pen.rect(x, y, size, size, fill, colours.line);
				if (size >= 20) pen.text(fitted(this.text(i), size, size * 0.36), x + size / 2, y + size / 2, size * 0.36, ink);
				if (this.label(i)) pen.text(this.label(i), x + 7, y + 8, 11, ink);
			}
		}
		return pen;
	}
}

/** Where an arrow key leads from an element; null for other keys. */
function moved(key, i, plane, each, count) {
	const column = i % plane[1], row = Math.floor((i % each) / plane[1]);
	const to = {
		ArrowLeft: column > 0 ? i - 1 : i, ArrowRight: column + 1 < plane[1] ? i + 1 : i,
		ArrowUp: row > 0 || i >= each ? i - plane[1] : i, ArrowDown: i + plane[1] < count ? i + plane[1] : i,
		Home: i - column, End: i - column + plane[1] - 1, PageUp: Math.max(0, i - each), PageDown: Math.min(count - 1, i + each),
	}[key];
	return to === undefined ? null : to;
}

// The matrix: rows are outputs, columns inputs, a colour a tap, so that Toeplitz diagonals show.

class Matrix extends Picture {
	constructor(app) {
		super();
		this.app = app;
		this.element = make("section", { class: "pane" });
	}

	get rows() { return this.app.tables[this.app.turned ? "x" : "y"]; }
	get columns() { return this.app.tables[this.app.turned ? "y" : "x"]; }

	draw() {
		const { app, rows, columns } = this;
		const [r, c] = [rows.count, columns.count];
		const shape = app.turned ? [app.view.shape[1], app.view.shape[0]] : app.view.shape;
		this.cell = Math.min(22, Math.max(0.14, Math.min(520 / c, 520 / r)));
		if (this.cell > 4) this.cell = Math.floor(this.cell);
		const name = `${app.say("matrix")} ${app.turned ? "Aᵀ" : "A"}`;
		this.base = make("canvas", { tabindex: 0, role: "img", "aria-label": `${name}, ${shape.join("×")}, ${app.say("rows")}`, "data-testid": "matrix" });
		this.top = make("canvas", { class: "over", "aria-hidden": "true" });
		this.width = c * this.cell + 2;
		this.height = r * this.cell + 2;
		this.stack = make("div", { class: "stack" }, this.base, this.top);
		this.element.replaceChildren(
			make("h2", {}, make("span", { text: name }), make("small", { text: ` ${shape.join("×")} · ${app.say("rows")}` })),
			make("div", { class: "scroll" }, this.stack),
		);
		this.paintBase(canvasPen(this.base, this.width, this.height));
		canvasPen(this.top, this.width, this.height);
		this.base.addEventListener("pointermove", (event) => { const at = this.at(event); if (at !== null) app.hover({ kind: "entry", i: at }); });
		this.base.addEventListener("click", (event) => { const at = this.at(event); if (at !== null) app.pin({ kind: "entry", i: at }); });
		this.base.addEventListener("focus", () => { if (!app.current || app.current.kind !== "entry") this.move(0); });
		this.base.addEventListener("keydown", (event) => this.key(event));
	}

	/** The entry under the pointer. */
	at(event) {
		const box = this.base.getBoundingClientRect();
		const row = Math.floor((event.clientY - box.top - 1) / this.cell), column = Math.floor((event.clientX - box.left - 1) / this.cell);
		const entries = this.rows.entries[row] || [];
		const found = entries.filter((p) => this.columns.of[p] === column);
		const share = (event.clientX - box.left - 1) / this.cell - column; // colliding taps share it
		if (found.length) return found[Math.max(0, Math.min(found.length - 1, Math.floor(share * found.length)))];
		if (this.cell >= 4 || !entries.length) return null;
		return entries.reduce((best, p) => (Math.abs(this.columns.of[p] - column) < Math.abs(this.columns.of[best] - column) ? p : best), entries[0]);
	}

	key(event) {
		const now = this.app.current && this.app.current.kind === "entry" ? this.app.current.i : 0;
		const row = this.rows.of[now], column = this.columns.of[now];
		const inRow = this.rows.entries[row] || [], inColumn = this.columns.entries[column] || [];
		const step = (list, by) => list[Math.max(0, Math.min(list.length - 1, list.indexOf(now) + by))];
		const to = { ArrowRight: step(inRow, 1), ArrowLeft: step(inRow, -1), ArrowDown: step(inColumn, 1), ArrowUp: step(inColumn, -1), Home: 0, End: this.app.tables.size - 1 }[event.key];
		if (to !== undefined) { this.move(to); event.preventDefault(); }
		if ((event.key === "Enter" || event.key === " ") && this.app.current) { this.app.pin(this.app.current); event.preventDefault(); }
	}
	move(i) { if (i < this.app.tables.size) this.app.hover({ kind: "entry", i }); }

	paintBase(pen) {
		const { rows, columns, cell } = this;
		const { tables, root } = this.app;
		const colours = inks(root);
		pen.rect(0.5, 0.5, columns.count * cell + 1, rows.count * cell + 1, colours.soft, colours.line);
		this.blocks(pen, rows, columns, colours);
		for (let p = 0; p < tables.size; p++) {
			const size = Math.max(cell, 0.8);
			pen.rect(columns.of[p] * cell + 1, rows.of[p] * cell + 1, size, size, tables.colour(p));
			this.value(pen, p);
		}
		if (cell >= 8) {
			for (let j = 1; j < columns.count; j++) pen.line(j * cell + 1, 1, j * cell + 1, rows.count * cell + 1, colours.line, 0.3);
			for (let j = 1; j < rows.count; j++) pen.line(1, j * cell + 1, columns.count * cell + 1, j * cell + 1, colours.line, 0.3);
		}
	}

	/** The weight that stands at an entry, where there is room for it. */
	value(pen, p) {
		const { rows, columns, cell } = this;
		const [kernel, ...more] = this.app.tables.kernels;
		if (cell < 14 || more.length || !kernel.values) return;
		const same = rows.entries[rows.of[p]].filter((q) => columns.of[q] === columns.of[p]);
		if (same[same.length - 1] !== p) return; // colliding taps add up, and are written once
		const text = same.map((q) => kernel.values[kernel.digits[q]]).join("+").replace(/\+-/g, "-");
		pen.text(fitted(text, cell, cell * 0.5), (columns.of[p] + 0.5) * cell + 1, (rows.of[p] + 0.5) * cell + 1, cell * 0.5, this.app.tables.ink(p));
	}

	/** Lines between the blocks: a block is one row of a grid. */
	blocks(pen, rows, columns, colours) {
		const lines = (side, draw) => {
			const each = side.shape.length > 2 ? side.shape[side.shape.length - 1] : side.shape[1] || 1;
			if (each * this.cell < 6 || side.count / each > 200) return;
			for (let j = each; j < side.count; j += each) draw(j * this.cell + 1);
		};
		lines(columns, (x) => pen.line(x, 1, x, rows.count * this.cell + 1, colours.line, 1));
		lines(rows, (y) => pen.line(1, y, columns.count * this.cell + 1, y, colours.line, 1));
	}

	paintTop(pen, layers) {
		const { rows, columns, cell } = this;
		const { tables, root } = this.app;
		const colours = inks(root);
		if (!layers.length) return;
		pen.rect(1, 1, columns.count * cell, rows.count * cell, veil(colours.paper));
		for (const { selection, entries, colour } of layers) {
			const mark = colour || colours.mark;
			if (rows === tables[selection.kind]) pen.rect(1, selection.i * cell + 1, columns.count * cell, cell, null, mark, 1.5);
			if (columns === tables[selection.kind]) pen.rect(selection.i * cell + 1, 1, cell, rows.count * cell, null, mark, 1.5);
			for (const p of entries) {
				const size = Math.max(cell, 3), off = (size - cell) / 2;
				pen.rect(columns.of[p] * cell + 1 - off, rows.of[p] * cell + 1 - off, size, size, tables.colour(p), mark, cell >= 6 ? 1.5 : 0.6);
				this.value(pen, p);
			}
		}
	}


	/** Flip about the diagonal, as a transpose does. */
	async flip() {
		if (!this.stack || reducedMotion()) return;
		this.stack.style.transformOrigin = "0 0";
		await this.stack.animate([{ transform: "rotate3d(1, 1, 0, 0deg)" }, { transform: "rotate3d(1, 1, 0, 180deg)" }], { duration: 600, easing: "ease-in-out" }).finished.catch(() => {});
	}
}

const reducedMotion = () => globalThis.matchMedia && matchMedia("(prefers-reduced-motion: reduce)").matches;
function veil(paper) { return /^#[0-9a-f]{6}$/i.test(paper) ? `${paper}b8` : "rgba(255,255,255,0.72)"; }

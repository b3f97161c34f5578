// All views together, and what they share: the answer, the selection, the pins, the direction.

let instances = 0;

class App {
	constructor(model, el) {
		this.model = model;
		this.id = `cm${++instances}`;
		const ui = model.get("ui") || {};
		this.lang = ui.lang || (/^zh/.test(navigator.language || "") ? "zh" : "en");
		this.theme = ui.theme || "auto";
		this.turned = !!ui.turned;
		this.shaded = !!ui.shaded;
		this.pins = (model.get("selection") || []).slice();
		this.current = null;
		this.view = null;
		this.root = make("div", { class: "cm", id: this.id });
		el.append(this.root);
		this.grids = { x: new Grid(this, "x"), y: new Grid(this, "y") };
		this.kernel = new Kernel(this);
		this.matrix = new Matrix(this);
		this.graph = new Graph(this);
		this.walk = new Walk(this);
		this.walk.step = ui.step || 0;
		this.facts = new Facts(this);
		this.share = new Share(this);
		this.controls = new Controls(this);
		this.listeners = [["change:view", () => this.receive()], ["change:proof", () => this.proved && this.proved(this.model.get("proof"))], ["change:lost", () => this.banner()], ["change:selection", () => this.repin()], ["change:state", () => this.controls.fields && this.controls.show()]];
		for (const [event, listener] of this.listeners) model.on(event, listener);
		this.root.addEventListener("pointerover", (event) => this.point(event));
		this.root.addEventListener("focusin", (event) => this.point(event));
		this.root.addEventListener("click", (event) => { const cell = event.target.closest && event.target.closest(".cell"); if (cell && !event.target.closest("input")) this.pin({ kind: cell.dataset.space, i: +cell.dataset.i }); });
		this.root.addEventListener("dblclick", (event) => { const cell = event.target.closest && event.target.closest(".cell"); if (cell) this.grids[cell.dataset.space].edit(+cell.dataset.i); });
		this.root.addEventListener("keydown", (event) => this.key(event));
		this.drafts = {}; // values that were typed and not answered yet
		this.scheme = matchMedia("(prefers-color-scheme: dark)");
		this.recolour = () => { this.paintAs(); if (this.view) this.draw(); };
		this.scheme.addEventListener("change", this.recolour);
		this.frame();
		this.receive();
	}

	paintAs() { this.root.dataset.theme = this.theme === "auto" ? (this.scheme.matches ? "dark" : "light") : this.theme; }
	get vocabulary() { return this.model.get("vocabulary"); }
	get frozen() { return !!this.model.get("frozen"); }
	say(key, ...blanks) { return phrase(this.lang, key, ...blanks); }
	get links() { return this.say(this.view.layer_connections.length > 1 ? "paths" : "connections"); }
	stop() { this.walk.stop(); this.scheme.removeEventListener("change", this.recolour); for (const [event, listener] of this.listeners) this.model.off(event, listener); }

	/** What stands around the views. */
	frame() {
		const choose = (name, key, options) => {
			const select = make("select", { "aria-label": this.say(key), "data-key": key, onchange: () => { this[name] = select.value; this.remember(); this.keep(() => { this.frame(); this.receive(); if (this.view) this.draw(); }); } },
				...options.map(([value, text]) => make("option", { value, text, selected: value === this[name] })));
			return select;
		};
		const toggle = (name, key, act) => button(this.say(key), act, { role: "switch", class: "switch", "aria-checked": String(!!this[name]) });
		this.paintAs();
		this.root.lang = this.lang === "zh" ? "zh-CN" : "en";
		this.turn = toggle("turned", "transpose", () => this.transpose());
		this.shader = toggle("shaded", "shade", () => { this.shaded = !this.shaded; this.shader.setAttribute("aria-checked", String(this.shaded)); for (const g of Object.values(this.grids)) { g.draw(); } this.light(); this.remember(); });
		this.notice = make("p", { class: "banner", role: "alert", hidden: true });
		this.status = make("p", { class: "status", role: "status", tabindex: 0 });
		this.chips = make("div", { class: "chips" });
		this.area = make("div", {});
		this.root.replaceChildren(
			make("header", {},
				make("div", {}, make("h1", { text: this.say("title") }), make("p", { class: "lead", text: this.say("lead") })),
				make("div", { class: "bar" }, choose("lang", "language", [["en", "English"], ["zh", "中文"]]), choose("theme", "theme", [["auto", this.say("auto")], ["light", this.say("light")], ["dark", this.say("dark")]]))),
			this.notice,
			make("div", { class: "columns" }, this.controls.element,
				make("div", {},
					make("div", { class: "bar" }, this.turn, this.shader, this.chips),
					this.status, this.area)));
		this.controls.draw();
		this.banner();
	}

	/** An answer: the views of it, or what is wrong while the last good one stays. */
	receive() {
		const view = this.model.get("view");
		if (!view || view.ok === undefined) return;
		if (!view.ok) {
			const text = view.missing ? this.say("missing", view.command || this.model.get("command")) : view.error;
			this.controls.fail(text, view.field);
			if (this.view && ["x", "u", "weight"].includes(view.field)) { // a value that is none: the old ones stay
				this.drafts = {};
				this.model.set("state", this.good);
				this.model.save_changes(true);
			}
			if (!this.view) this.status.textContent = text;
			return;
		}
		this.controls.fail("", null);
		const before = this.tables && [...this.pins, this.current].map((s) => s && anchor(this.tables, s));
		this.view = view;
		this.tables = tables(view);
		this.good = { ...this.model.get("state") };
		this.drafts = {};
		this.edited = !!(this.model.get("state") || {}).x;
		const match = this.preset();
		this.labels = match && match.labels ? match.labels : null;
		this.controls.show();
		this.turn.disabled = !view.linear;
		this.turn.title = view.linear ? "" : this.say("not_linear", view.kind);
		if (!view.linear && this.turned) { this.turned = false; this.turn.setAttribute("aria-checked", "false"); this.remember(); }
		if (before && this.tables) { // what was pinned is where it was, or it is gone
			const now = before.map((a) => a && located(this.tables, a));
			this.current = now.pop();
			this.pins = now;
		}
		if (this.current && !this.valid(this.current)) this.current = null;
		this.pins = this.pins.filter((pin) => pin && this.valid(pin));
		this.draw();
	}

	valid(s) {
		if (!this.tables) return false;
		if (s.kind === "x" || s.kind === "y") return s.i < this.tables[s.kind].count;
		if (s.kind === "entry") return s.i < this.tables.size;
		return !!this.tables.kernels[s.leaf || 0] && this.tables.ofTap(s.leaf || 0, s.i).length > 0;
	}

	draw() { this.keep(() => this.redraw()); }

	/** Draw anew, and leave the focus (and what is being typed) where it was. */
	keep(draw) {
		const at = this.root.getRootNode().activeElement;
		const inside = !this.drawing && at && this.root.contains(at);
		const cell = inside && at.closest(".cell"), d = inside && at.dataset;
		const key = !inside ? null : cell ? `.cell[data-space="${cell.dataset.space}"][data-i="${cell.dataset.i}"]`
			: d.tap ? `.tap[data-leaf="${d.leaf}"][data-tap="${d.tap}"]` : d.key ? `[data-key="${d.key}"]` : at.id ? `[id="${at.id}"]` : at.getAttribute("aria-label") ? `[aria-label="${at.getAttribute("aria-label")}"]` : ".status";
		const typed = inside && at.matches(".tap, .edit") && at.value !== at.defaultValue ? at.value : null;
		const editing = inside && at.matches(".edit");
		const was = this.drawing;
		this.drawing = true;
		draw();
		this.drawing = was;
		if (!key || this.root.contains(this.root.getRootNode().activeElement)) return;
		let next = this.root.querySelector(key) || this.status;
		if (editing && next !== this.status) { this.grids[next.dataset.space].edit(+next.dataset.i); next = next.querySelector("input") || next; }
		next.focus({ preventScroll: true });
		if (typed !== null && next.matches("input")) next.value = typed;
	}

	redraw() {
		this.root.classList.toggle("narrow", this.root.clientWidth < 700);
		this.facts.draw();
		if (!this.tables) {
			this.area.replaceChildren(make("p", { class: "note", text: this.say("too_many") }), this.facts.element);
			return;
		}
		const trio = make("div", { class: "trio" }, this.grids.x.element, this.kernel.element, this.grids.y.element);
		// In reading order.
		if (this.turned) trio.append(this.grids.x.element), trio.prepend(this.grids.y.element);
		const pair = make("div", { class: "pair" }, this.matrix.element, this.graph.element);
		this.area.replaceChildren(...[this.windowBar(), trio, pair, this.walk.element, make("div", { class: "pair" }, this.facts.element, this.share.element)].filter(Boolean));
		for (const part of [this.grids.x, this.grids.y, this.kernel, this.matrix, this.graph, this.walk, this.share]) part.draw();
		this.light();
	}

	/** Move the window over a map that is too large to be seen whole. */
	windowBar() {
		const c = this.view.connections;
		if (c.whole) return null;
		const shape = this.view.out_shape;
		const ranges = c.out.map((axis) => [axis[0], axis[axis.length - 1] + 1]);
		const text = (r) => r.map(([a, b]) => `${a}:${b}`).join("x");
		const field = make("input", { id: `${this.id}-window`, value: text(ranges), onchange: () => this.ask({ ...this.model.get("state"), window: field.value }) });
		const move = (axis, sign) => () => {
			const next = ranges.map((r) => r.slice()), width = next[axis][1] - next[axis][0];
			const start = Math.max(0, Math.min(shape[axis] - width, next[axis][0] + sign * width));
			next[axis] = [start, start + width];
			this.ask({ ...this.model.get("state"), window: text(next) });
		};
		const last = shape.length - 1;
		const arrows = [["left", "←", last, -1], ["right", "→", last, 1], ...(last > 1 ? [["up", "↑", last - 1, -1], ["down", "↓", last - 1, 1]] : [])];
		return make("div", { class: "bar window" }, make("label", { for: field.id, text: this.say("window") }), field,
			...arrows.map(([key, sign, axis, by]) => button(sign, move(axis, by), { "aria-label": this.say("move", this.say(key)) })),
			make("span", { class: "note", text: this.say("large", this.view.shape.reduce((a, b) => a + b, 0).toLocaleString("en-US")) }));
	}

	// Questions to Python

	ask(state) {
		this.model.set("state", state);
		this.model.save_changes();
	}
	choose(preset) {
		this.pins = [];
		this.current = null;
		this.chosen = preset.name;
		this.walk.step = 0;
		this.ask({ ...preset.state });
	}
	preset() {
		const { defaults, presets } = this.vocabulary;
		const full = (s) => JSON.stringify(Object.keys(defaults).map((k) => s[k] ?? defaults[k]));
		const now = full(this.model.get("state") || {});
		const matches = presets.filter((preset) => full(preset.state) === now);
		return matches.find((preset) => preset.name === this.chosen) || matches[0];
	}
	setValue(letter, i, text) {
		const word = letter === "x" ? "x" : "u";
		const values = this.drafts[word] || this.view.values[word].slice();
		values[i] = text;
		this.drafts[word] = values;
		this.ask({ ...this.model.get("state"), [word]: values.join(" ") });
	}
	setWeight(leaf, tap, text) {
		const drafts = (this.drafts.weight ||= this.tables.kernels.map((kernel) => kernel.values.slice()));
		drafts[leaf][tap] = text.replace(/[\s,;|]+/g, "_") || "0"; // one number, or an error that says so
		const parts = drafts.filter((_, j) => this.tables.kernels[j].free).map((values) => values.join(" "));
		this.ask({ ...this.model.get("state"), weight: parts.join(" | ") });
	}
	prove(done) {
		this.proved = done;
		this.model.set("proof", {});
		this.model.set("question", { ...this.model.get("state"), weight: "", x: "", u: "", window: "" });
		this.model.save_changes();
	}

	// Selection, pins, turning

	point(event) {
		const cell = event.target.closest && event.target.closest(".cell");
		if (cell && this.root.contains(cell)) this.hover({ kind: cell.dataset.space, i: +cell.dataset.i });
	}
	hover(selection) {
		if (sameSelection(this.current, selection)) return;
		this.current = selection;
		this.walk.follow(selection);
		this.light();
	}
	pin(selection) {
		const at = this.pins.findIndex((pin) => sameSelection(pin, selection));
		if (at >= 0) this.pins.splice(at, 1);
		else this.pins.push(selection);
		this.current = selection;
		this.tellPins();
		this.light();
	}
	tellPins() {
		this.model.set("selection", this.pins.slice());
		this.model.save_changes();
		this.remember();
	}
	repin() {
		const given = this.model.get("selection") || [];
		if (JSON.stringify(given) === JSON.stringify(this.pins) || !this.tables) return;
		this.pins = given.filter((pin) => this.valid(pin));
		this.light();
	}
	layers() {
		const layers = this.pins.map((selection, j) => ({ selection, entries: entriesOf(this.tables, selection), colour: PIN_COLOURS[j % PIN_COLOURS.length], letter: pinLetter(j) }));
		if (this.current && !this.pins.some((pin) => sameSelection(pin, this.current))) layers.push({ selection: this.current, entries: entriesOf(this.tables, this.current) });
		return layers;
	}
	light() {
		if (!this.tables) return;
		const layers = this.layers();
		for (const part of [this.grids.x, this.grids.y, this.kernel, this.matrix, this.graph]) part.light(layers);
		this.status.textContent = this.tell(layers);
		const pinned = JSON.stringify([this.pins, this.turned, this.lang]);
		if (this.chips.dataset.pins === pinned) return;
		this.chips.dataset.pins = pinned;
		this.keep(() => this.chips.replaceChildren(...this.pins.map((pin, j) => {
			const chip = button(`${pinLetter(j)} ${this.nameOf(pin)} ×`, () => this.pin(pin), { class: "chip", "aria-label": this.say("unpin", `${pinLetter(j)}, ${this.nameOf(pin)}`) });
			chip.style.borderColor = PIN_COLOURS[j % PIN_COLOURS.length];
			return chip;
		}), this.pins.length > 1 ? button(this.say("clear"), () => { this.pins = []; this.tellPins(); this.light(); }, { class: "chip" }) : ""));
	}

	nameOf(selection) {
		const { kind, i } = selection;
		if (kind === "x" || kind === "y") return `${this.say(this.grids[kind].role)} ${this.tables[kind].name(i)}`;
		if (kind === "entry") return `${this.tables.tapName(i) || this.say("matrix")}`;
		return weightName(this.tables.kernels, selection.leaf || 0, i);
	}

	/** In words what is lit. */
	tell(layers) {
		if (!layers.length) return this.say("nothing");
		const last = layers[layers.length - 1];
		const focus = layers.find((layer) => sameSelection(layer.selection, this.current)) || last;
		const parts = [this.sentence(focus)];
		const pinned = layers.filter((layer) => layer.colour);
		const kinds = new Set(pinned.map((layer) => layer.selection.kind));
		if (pinned.length > 1 && kinds.size === 1 && (kinds.has("x") || kinds.has("y"))) {
			const other = this.tables[kinds.has("x") ? "y" : "x"];
			const sets = pinned.map((layer) => new Set(layer.entries.map((p) => other.of[p])));
			const shared = [...sets[0]].filter((e) => sets.every((set) => set.has(e)));
			parts.push(`${pinned.map((layer) => layer.letter).join(", ")}: ${this.say("common", shared.length ? shared.slice(0, 24).map((e) => other.name(e)).join(", ") : this.say("none"))}`);
		}
		return parts.join(". ");
	}

	sentence({ selection, entries }) {
		const { kind, i } = selection;
		const { tables } = this;
		if (kind === "tap") return this.say("tap", weightName(tables.kernels, selection.leaf || 0, i), entries.length, this.links);
		const name = this.nameOf(selection);
		if (kind === "entry") {
			const [rows, columns] = this.turned ? [tables.x, tables.y] : [tables.y, tables.x];
			const tap = tables.tapName(i) || "1";
			return this.say("entry", rows.of[i], columns.of[i], `${this.say("output")} ${rows.name(rows.of[i])}`, `${this.say("input")} ${columns.name(columns.of[i])}`, tap);
		}
		const reads = this.grids[kind].role === "output";
		const other = tables[kind === "x" ? "y" : "x"];
		const links = entries.slice(0, 30).map((p) => { const tap = tables.tapName(p); const where = other.name(other.of[p]); return tap ? this.say("through", where, tap) : where; });
		if (entries.length > 30) links.push("…");
		const what = this.say(reads ? (entries.length === 1 ? "one_input" : "inputs") : (entries.length === 1 ? "one_output" : "outputs"));
		const text = this.say(reads ? "reads" : "feeds", name, entries.length, what, links.join(", ") || this.say("none"), i);
		if (this.view.connections.whole) return text;
		const all = kind === "x" && this.view.overlap.all;
		return `${text.replace(/[;；][^;；]*$/, "")}${all && all[i] > entries.length ? ` (${this.say("hidden")})` : ""}`;
	}

	async transpose() {
		if (!this.view || !this.view.linear || this.turning) return;
		this.turning = true;
		const before = Object.fromEntries(["x", "y"].map((k) => [k, this.grids[k].element.getBoundingClientRect()]));
		this.turn.setAttribute("aria-checked", String(!this.turned));
		await this.matrix.flip();
		this.turned = !this.turned;
		this.turn.setAttribute("aria-checked", String(this.turned));
		this.walk.stage = 0;
		this.draw();
		if (!reducedMotion()) for (const k of ["x", "y"]) {
			const after = this.grids[k].element.getBoundingClientRect();
			this.grids[k].element.animate([{ transform: `translate(${before[k].left - after.left}px, ${before[k].top - after.top}px)` }, { transform: "none" }], { duration: 500, easing: "ease-in-out" });
		}
		this.turning = false;
		this.remember();
	}

	key(event) {
		const cell = event.target.closest && event.target.closest(".cell");
		if (event.key === "Escape") {
			this.current = null;
			this.light();
		}
		if (!cell || event.target !== cell) return;
		const grid = this.grids[cell.dataset.space], i = +cell.dataset.i;
		const { plane, each } = slabs(grid.side.shape);
		const next = moved(event.key, i, plane, each, grid.side.count);
		if (next !== null) {
			cell.tabIndex = -1;
			grid.cells[next].tabIndex = 0;
			grid.cells[next].focus();
			event.preventDefault();
		} else if (event.key === " ") { this.pin({ kind: cell.dataset.space, i }); event.preventDefault(); }
		else if (event.key === "Enter" || event.key === "F2") { grid.edit(i); event.preventDefault(); }
	}

	/** What is not geometry, kept by the host too: in an address, or in the widget. */
	remember() {
		const ui = { lang: this.lang };
		if (this.theme !== "auto") ui.theme = this.theme;
		if (this.turned) ui.turned = 1;
		if (this.shaded) ui.shaded = 1;
		if (this.walk.step) ui.step = this.walk.step;
		this.model.set("ui", ui);
		this.model.save_changes();
	}

	banner() {
		const lost = this.model.get("lost"), broken = this.model.get("broken"), absent = this.model.get("absent");
		this.notice.hidden = !lost && !broken && !absent;
		this.notice.textContent = absent ? this.say("missing", absent) : lost ? this.say("lost", this.model.get("command") || "convmatrix explore") : broken ? this.say("broken", broken) : "";
	}
}

export default {
	render({ model, el }) {
		const app = new App(model, el);
		return () => app.stop();
	},
};

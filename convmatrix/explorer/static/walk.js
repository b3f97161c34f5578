// The window that slides, and the arithmetic of one output written out.

const MOST_TERMS = 40;

class Walk {
	constructor(app) {
		this.app = app;
		this.element = make("section", { class: "pane" });
		this.stage = 0;
		this.step = 0;
		this.timer = null;
	}

	get walks() { return this.app.view.walks[this.app.turned ? "backward" : "forward"]; }
	get walk() { return this.walks[Math.min(this.stage, this.walks.length - 1)]; }
	/** Whether a step is an element of the map's own output (not of a layer between). */
	get linked() { return this.app.tables.kernels.length === 1 && !(this.walk && this.walk.folds); }
	get from() { return this.app.turned ? "y" : "x"; }
	get to() { return this.app.turned ? "x" : "y"; }
	get count() { return this.walk.out_shape.reduce((a, b) => a * b, 1); }

	draw() {
		const { app } = this;
		const playing = this.timer;
		this.stop();
		this.element.replaceChildren(make("h2", { text: app.say("walk") }));
		this.canvas = null;
		if (!this.walks.length) {
			this.element.append(make("p", { class: "note", text: app.say("no_walk") }));
		} else {
			this.stage = Math.min(this.stage, this.walks.length - 1);
			if (this.linked && app.current && app.current.kind === this.to) this.step = app.current.i;
			this.step = Math.min(this.step, this.count - 1);
			const walk = this.walk;
			this.element.append(make("p", { class: "note", text: app.say(walk.form === "textbook" ? "textbook" : "plain") + (walk.folds ? ` — ${app.say("folds")}` : "") }));
			if (this.walks.length > 1) {
				const select = make("select", { "aria-label": app.say("layer"), onchange: () => { this.stage = select.selectedIndex; this.step = 0; this.draw(); } },
					...this.walks.map((w, j) => make("option", { text: `${j + 1}. ${w.name}`, selected: j === this.stage })));
				this.element.append(make("label", { class: "inline" }, make("span", { text: app.say("layer") }), select));
			}
			this.canvas = make("canvas", { role: "img", "data-testid": "walk" });
			this.slider = make("input", { type: "range", min: 0, max: this.count - 1, value: this.step, "aria-label": app.say("step"), oninput: () => this.go(+this.slider.value) });
			this.toggle = button(app.say("play"), () => (this.timer ? this.stop() : this.play()));
			this.element.append(
				make("div", { class: "bar" },
					button("◀", () => this.go((this.step + this.count - 1) % this.count), { "aria-label": app.say("previous") }),
					this.slider,
					button("▶", () => this.go((this.step + 1) % this.count), { "aria-label": app.say("next") }),
					this.toggle),
				make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": app.say("walk") }, this.canvas));
			this.refresh();
		}
		this.sum = make("div", { class: "sum", "aria-live": "off" });
		this.element.append(make("h3", { text: app.say("sum") }), this.sum);
		this.write();
		if (playing && this.canvas) this.play();
	}

	go(step) {
		this.step = step;
		if (this.slider) this.slider.value = String(step);
		if (this.linked) this.app.hover({ kind: this.to, i: step });
		this.refresh();
		if (this.linked) this.write();
		this.app.remember();
	}

	/** Follow a selection made elsewhere. */
	follow(selection) {
		if (selection.kind === this.to && this.linked && selection.i !== this.step && this.walks.length && selection.i < this.count) {
			this.step = selection.i;
			if (this.slider) this.slider.value = String(this.step);
			this.refresh();
		}
		if (selection.kind === this.to) this.write(selection.i);
	}

	play() {
		this.toggle.textContent = this.app.say("pause");
		this.timer = setInterval(() => this.go((this.step + 1) % this.count), 700);
	}
	stop() {
		if (this.timer) clearInterval(this.timer);
		this.timer = null;
		if (this.toggle) this.toggle.textContent = this.app.say("play");
	}

	refresh() {
		if (!this.canvas) return;
		const text = this.walk.out_shape ? `(${unravel(this.step, this.walk.out_shape).join(", ")})` : "";
		this.canvas.setAttribute("aria-label", `${this.app.say("walk")}: ${this.app.say("output_at", text)}`);
		this.paint((w, h) => canvasPen(this.canvas, w, h));
	}

	/** The padded grid, the window on it, and in the window each weight. */
	paint(make_pen) {
		const { app, walk } = this;
		const colours = inks(app.root);
		const shape = walk.shape, place = unravel(this.step, walk.out_shape);
		const flatShape = shape.length === 2 ? [shape[0], 1, 1, shape[1]] : shape.length === 3 ? [shape[0], 1, shape[1], shape[2]] : shape;
		const [, depth, rows, columns] = flatShape;
		const channels = walk.channels[place[0]].slice(0, 6);
		const size = Math.max(13, Math.min(38, Math.floor(560 / columns)));
		const lanes = channels.length * depth;
		const across = Math.max(1, Math.min(lanes, Math.floor(760 / (columns * size + 14)) || 1));
		const high = rows * size + 20;
		const pen = make_pen(across * (columns * size + 14), Math.ceil(lanes / across) * high + 2);
		const reads = walk.reads.map((axis, j) => axis[place[j + 1]]);
		const padded = [...Array(3 - reads.length).fill([0]), ...reads];
		const seen = new Map();
		for (const z of padded[0]) for (const y of padded[1]) for (const x of padded[2]) {
			const key = `${z},${y},${x}`;
			seen.set(key, (seen.get(key) || 0) + 1);
		}
		const entries = this.linked ? app.tables[this.to].entries[this.step] : [];
		const used = new Map();
		channels.forEach((channel, j) => {
			for (let z = 0; z < depth; z++) {
				const lane = j * depth + z, x0 = (lane % across) * (columns * size + 14) + 1, y0 = Math.floor(lane / across) * high + 16;
				const caption = [walk.channels[place[0]].length > 1 || shape[0] > 1 ? app.say("channel", channel) : "", depth > 1 ? app.say("slice", z) : ""].filter(Boolean).join(", ");
				pen.text(caption, x0, y0 - 8, 11, colours.ink, "start");
				for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
					const flat = ((channel * depth + z) * rows + r) * columns + c;
					const element = walk.element[flat], zero = walk.zero[flat];
					const inside = seen.has(`${z},${r},${c}`);
					let fill = zero === 0 ? colours.soft : zero === 1 ? colours.paper : "transparent", ink = zero === 0 ? colours.ink : colours.line, label = "";
					if (inside && element >= 0 && entries.length) {
						const same = entries.filter((p) => app.tables[this.from].of[p] === element);
						const p = same[(used.get(element) || 0) % Math.max(1, same.length)];
						used.set(element, (used.get(element) || 0) + 1);
						if (p !== undefined) { fill = app.tables.colour(p); ink = app.tables.ink(p); label = app.tables.kernels[0].values ? `×${app.tables.kernels[0].values[app.tables.kernels[0].digits[p]]}` : ""; }
					}
					pen.rect(x0 + c * size, y0 + r * size, size, size, fill === "transparent" ? null : fill, colours.line, zero === 0 ? 1 : 0.5);
					const text = element >= 0 ? this.valueAt(element) : app.view.linear ? "0" : "−∞";
					pen.text(fitted(text, size, size * 0.34), x0 + c * size + size / 2, y0 + r * size + size * (label && size > 22 ? 0.36 : 0.5), size * 0.34, ink);
					if (label && size > 22) pen.text(fitted(label, size, size * 0.25), x0 + c * size + size / 2, y0 + r * size + size * 0.74, size * 0.25, ink);
					if (inside) pen.rect(x0 + c * size + 1, y0 + r * size + 1, size - 2, size - 2, null, colours.mark, 2);
				}
			}
		});
		return pen;
	}

	valueAt(element) {
		if (!this.linked) return "";
		return (this.app.turned ? this.app.grids.y : this.app.grids.x).text(element) || "·";
	}

	/** y[…] = w[…]·x[…] + …, in symbols and in numbers. */
	write(i = this.linked ? this.step : this.last || 0) {
		const { app } = this;
		this.last = i;
		if (!this.sum) return;
		const { tables, view } = app;
		const target = tables[this.to], source = tables[this.from];
		if (i >= target.count) i = 0;
		const entries = target.entries[i];
		const [out, into] = app.turned ? ["v", "u"] : ["y", "x"];
		const name = (letter, side, e) => `${letter}[${side.place(e).join(",")}]`;
		const linear = view.linear;
		const symbols = make("p", { class: "terms" }), numbers = make("p", { class: "terms" });
		symbols.append(`${name(out, target, i)} = `);
		numbers.append(`${name(out, target, i)} = `);
		const relu = view.kind === "relu";
		if (!linear) { symbols.append(`max(${relu ? "0, " : ""}`); numbers.append(`max(${relu ? "0, " : ""}`); }
		const values = view.values;
		const from = values && values[into];
		const known = from && tables.kernels.every((k) => k.values);
		entries.slice(0, MOST_TERMS).forEach((p, j) => {
			const sign = j ? (linear ? " + " : ", ") : "";
			const tap = linear ? tables.tapName(p) : "";
			const chip = (text) => { const span = make("span", { class: "term", text }); span.style.background = tables.colour(p); span.style.color = tables.ink(p); return span; };
			symbols.append(sign, chip(`${tap ? `${tap}·` : ""}${name(into, source, source.of[p])}`));
			if (known) {
				const weights = tables.kernels.map((k) => k.values[k.digits[p]]).filter((w) => w !== undefined);
				const weight = weights.filter((w) => !(w === "1" && weights.length > 1)).map((w) => (/^[-]|\//.test(w) ? `(${w})` : w)).join("·") || "1";
				const value = from[source.of[p]];
				numbers.append(sign, chip(linear ? `${weight}·${/^-/.test(value) ? `(${value})` : value}` : value));
			}
		});
		const rest = entries.length - MOST_TERMS;
		if (rest > 0) for (const line of [symbols, numbers]) line.append(` + … (${rest})`);
		if (!entries.length) symbols.append("0");
		if (!linear) { symbols.append(")"); numbers.append(")"); }
		this.sum.replaceChildren(symbols);
		if (known && values[out]) { numbers.append(` = ${values[out][i]}`); this.sum.append(numbers); }
		const walk = this.linked && this.walks.length ? this.walk : null;
		if (walk && linear) {
			const place = unravel(i, walk.out_shape);
			const taps = walk.channels[place[0]].length * walk.reads.reduce((n, axis) => n * axis[0].length, 1);
			if (taps > entries.length) this.sum.append(make("p", { class: "note", text: app.say("zeros", taps - entries.length) }));
		}
	}
}

// The kernel: a field for every weight, in the colour that it has in the matrix.

const MOST_FIELDS = 600;

class Kernel {
	constructor(app) {
		this.app = app;
		this.element = make("section", { class: "pane" });
		this.marked = [];
	}

	draw() {
		const { app } = this;
		this.fields = new Map();
		this.element.replaceChildren(make("h2", {}, make("span", { text: app.say("kernel_pane") }), make("small", { text: ` ${app.view.kind}` })));
		app.tables.kernels.forEach((kernel, leaf) => this.drawKernel(kernel, leaf));
		if (this.element.childElementCount === 1) this.element.replaceChildren();
		if (app.view.example && app.tables.kernels.some((k) => k.free)) this.element.append(make("p", { class: "note", text: app.say("example_weight") }));
	}

	drawKernel(kernel, leaf) {
		const { app } = this;
		const total = kernel.shape.reduce((a, b) => a * b, 1);
		if (total === 1 && !kernel.free) return;
		const several = app.tables.kernels.length > 1;
		const name = `${app.say("kernel_pane")} ${weightName(app.tables.kernels, leaf, 0).split("[")[0]}`;
		if (several || total > MOST_FIELDS) this.element.append(make("h3", { text: `${weightName(app.tables.kernels, leaf, 0).split("[")[0]} · ${kernel.shape.join("×")}` }));
		if (!kernel.values || total > MOST_FIELDS) {
			this.element.append(make("p", { class: "note", text: app.say("many_taps", total.toLocaleString(app.lang)) }));
			return;
		}
		const plane = kernel.shape.length < 2 ? [1, kernel.shape[0]] : kernel.shape.length < 4 && kernel.free ? [1, kernel.shape[kernel.shape.length - 1]] : kernel.shape.slice(-2);
		const each = plane[0] * plane[1];
		const box = make("div", { class: "kernels", role: "group", "aria-label": name });
		for (let s = 0; s < total / each; s++) {
			const lead = unravel(s, kernel.shape.slice(0, kernel.shape.length - (kernel.free && kernel.shape.length === 3 ? 1 : Math.min(2, kernel.shape.length))));
			const block = make("div", { class: "kernel", "data-caption": total > each ? `[${lead.join(",")}]` : null });
			block.style.gridTemplateColumns = `repeat(${plane[1]}, auto)`;
			for (let j = 0; j < each; j++) block.append(this.field(kernel, leaf, s * each + j));
			box.append(block);
		}
		this.element.append(make("div", { class: "scroll" }, box));
	}

	field(kernel, leaf, tap) {
		const { app } = this;
		const field = make("input", {
			class: "tap", value: kernel.values[tap], "aria-label": weightName(app.tables.kernels, leaf, tap), inputmode: "text", autocomplete: "off", spellcheck: "false",
			readonly: !kernel.free || app.frozen || app.tables.kernels.some((k) => k.free && !k.values), "data-leaf": leaf, "data-tap": tap, size: 3,
		});
		const lead = leaf === app.tables.lead || app.tables.kernels[leaf].window === app.tables.kernels[app.tables.lead].window;
		if (lead) {
			field.style.background = tapColour(tap % kernel.window, kernel.window);
			field.style.color = tapInk(tap % kernel.window, kernel.window);
		}
		const selection = { kind: "tap", i: tap, leaf };
		field.addEventListener("pointerenter", () => app.hover(selection));
		field.addEventListener("focus", () => app.hover(selection));
		field.addEventListener("keydown", (event) => {
			if (event.key === "Enter") field.blur();
			if (event.key === "Escape") { field.value = kernel.values[tap]; field.blur(); }
			if (event.key === " ") { app.pin(selection); event.preventDefault(); }
		});
		field.addEventListener("change", () => { if (!app.drawing && field.value.trim() !== kernel.values[tap]) app.setWeight(leaf, tap, field.value.trim()); });
		this.fields.set(`${leaf}:${tap}`, field);
		return field;
	}

	light(layers) {
		for (const field of this.marked) field.classList.remove("lit");
		this.marked = [];
		for (const { entries } of layers) {
			for (const p of entries) this.app.tables.kernels.forEach((kernel, leaf) => {
				const field = this.fields.get(`${leaf}:${kernel.digits[p]}`);
				if (field && !field.classList.contains("lit")) { field.classList.add("lit"); this.marked.push(field); }
			});
		}
	}
}

// The parameters of the layer. A control that says nothing of this kind is off and says so; one
// whose value makes no layer keeps it, and shows what Python says about it.

const FIELDS = [
	["input", "size"], ["kernel", "kernel"], ["stride", "stride"], ["padding", "padding"], ["padding_mode", "padding_mode"],
	["dilation", "dilation"], ["groups", "groups"], ["in_channels", "in_channels"], ["out_channels", "out_channels"],
	["output_padding", "output_padding"], ["scale", "scale"], ["flip", "flip"],
];

class Controls {
	constructor(app) {
		this.app = app;
		this.element = make("form", { class: "controls", onsubmit: (event) => { event.preventDefault(); this.send(true); } });
		this.timer = null;
		this.typed = new Set(); // fields that hold what has not been asked yet
	}

	draw() {
		const { app } = this;
		const { vocabulary } = app;
		this.element.setAttribute("aria-label", app.say("controls"));
		this.fields = {};
		const rows = [this.presets(), this.select("kind", "kind", Object.keys(vocabulary.kinds), (k) => (k === "own" ? app.say("own") : k.replace(/_/g, " ")))];
		for (const [name, key] of FIELDS) {
			if (name === "padding_mode") rows.push(this.select(name, key, vocabulary.modes));
			else if (name === "flip") rows.push(this.check(name, key));
			else rows.push(this.text(name, key));
		}
		this.error = make("p", { class: "error", role: "alert", id: `${app.id}-error` });
		const list = make("datalist", { id: `${app.id}-words` }, ...vocabulary.words.map((word) => make("option", { value: word })));
		this.element.replaceChildren(...rows, list, this.error);
		this.fields.padding.setAttribute("list", `${app.id}-words`);
		this.show();
	}

	label(key, field, row = "") {
		field.id = `${this.app.id}-${key}`;
		return make("div", { class: `field ${row}` }, make("label", { for: field.id, text: this.app.say(key) }), field);
	}

	presets() {
		const { app } = this;
		const select = make("select", { onchange: () => { const chosen = app.vocabulary.presets[select.value]; if (chosen) app.choose(chosen); } }, make("option", { value: "", text: app.say("choose") }));
		for (const group of ["article", "guide", "more"]) {
			select.append(make("optgroup", { label: app.say(group) }, ...app.vocabulary.presets.map((preset, j) => (preset.group === group ? make("option", { value: j, text: preset[app.lang] || preset.en }) : null))));
		}
		this.preset = select;
		return this.label("preset", select, "wide");
	}

	select(name, key, options, text = (o) => o) {
		const select = make("select", { name, onchange: () => this.send(true) }, ...options.map((o) => make("option", { value: o, text: text(o) })));
		this.fields[name] = select;
		return this.label(key, select, name === "kind" ? "wide" : "");
	}

	text(name, key) {
		const field = make("input", { name, type: "text", autocomplete: "off", spellcheck: "false", oninput: () => { this.typed.add(name); this.send(false); }, onchange: () => this.send(true) });
		field.addEventListener("keydown", (event) => {
			const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
			if (!by || !/^\d+(x\d+)*$/.test(field.value)) return;
			const least = ["padding", "output_padding"].includes(name) ? 0 : 1;
			field.value = field.value.split("x").map((part) => Math.max(least, +part + by)).join("x");
			event.preventDefault();
			this.send(true);
		});
		this.fields[name] = field;
		return this.label(key, field);
	}

	check(name, key) {
		const field = make("input", { name, type: "checkbox", onchange: () => this.send(true) });
		this.fields[name] = field;
		return this.label(key, field, "check");
	}

	/** The values of the state, and which controls this kind has. */
	show() {
		const { app } = this;
		const state = { ...app.vocabulary.defaults, ...app.model.get("state") };
		const uses = app.vocabulary.kinds[state.kind] || Object.keys(state);
		if (state.kind === "upsample") this.modes(["nearest", "linear"]); else this.modes(app.vocabulary.modes);
		for (const [name, field] of Object.entries(this.fields)) {
			const value = state[name];
			if (this.typed.has(name)) continue;
			if (field.type === "checkbox") field.checked = !["", "0", "false"].includes(value);
			else if (field.value.trim() !== value) field.value = name === "padding_mode" && state.kind === "upsample" && value === "zeros" ? "nearest" : value;
			const off = !uses.includes(name);
			field.disabled = off;
			field.parentElement.title = off ? app.say("unused", state.kind) : "";
			field.parentElement.classList.toggle("off", off);
		}
		const match = app.preset();
		this.preset.value = match ? String(app.vocabulary.presets.indexOf(match)) : "";
	}

	modes(options) {
		const select = this.fields.padding_mode;
		if ([...select.options].map((o) => o.value).join() === options.join()) return;
		select.replaceChildren(...options.map((o) => make("option", { value: o, text: o })));
	}

	/** Ask for what the controls say, at once or when typing pauses. */
	send(now) {
		clearTimeout(this.timer);
		this.timer = setTimeout(() => {
			const state = { ...this.app.model.get("state") };
			const changed = [];
			this.typed.clear();
			for (const [name, field] of Object.entries(this.fields)) {
				if (field.disabled) continue;
				let value = field.type === "checkbox" ? (field.checked ? "1" : "") : field.value.trim();
				if (name === "padding_mode" && (!value || value === "nearest")) value = "zeros";
				if (value === (state[name] ?? this.app.vocabulary.defaults[name])) continue;
				state[name] = value;
				changed.push(name);
			}
			if (!changed.length) return;
			// What no longer fits is left out: weights of another shape, values of another size.
			if (changed.some((n) => ["kind", "kernel", "groups", "in_channels", "out_channels"].includes(n))) delete state.weight;
			if (changed.some((n) => ["kind", "input", "in_channels", "scale", "groups"].includes(n))) delete state.x;
			const axes = (s) => ((s && s.input) || this.app.vocabulary.defaults.input).split("x").length;
			if (axes(state) !== axes(this.app.good)) delete state.weight;
			if (changed.includes("kind") && (state.kind === "upsample" || state.padding_mode === "linear")) delete state.padding_mode;
			if (changed.some((n) => n !== "flip" && n !== "padding_mode")) delete state.u;
			delete state.window;
			this.app.ask(state);
		}, now ? 0 : 250);
	}

	fail(message, field) {
		this.error.textContent = message;
		for (const [name, control] of Object.entries(this.fields)) {
			const wrong = name === field;
			if (wrong) { control.setAttribute("aria-invalid", "true"); control.setAttribute("aria-describedby", this.error.id); }
			else { control.removeAttribute("aria-invalid"); control.removeAttribute("aria-describedby"); }
		}
	}
}

// What follows from the layer: sizes, cost, receptive field, separability, overlap, the theorem.

class Facts {
	constructor(app) {
		this.app = app;
		this.element = make("section", { class: "pane facts-pane" });
	}

	draw() {
		const { app } = this;
		const { view } = app;
		const rows = make("dl", {});
		const add = (key, ...content) => { if (content.length) rows.append(make("dt", { text: app.say(key) }), make("dd", {}, ...content)); };
		const lines = (texts) => texts.map((text) => make("div", { text }));
		const sizes = app.turned ? view.sizes_back : view.sizes;
		add("sizes", ...lines(sizes.length ? [...new Set(sizes)] : [(app.turned ? view.in_shape : view.out_shape).join("×")]));
		add("relation", ...lines(view.relations || []));
		const n = (value) => value.toLocaleString(app.lang === "zh" ? "zh-CN" : "en-US");
		if (view.parameters !== null) add("parameters", ...lines([n(view.parameters)]));
		if (view.macs !== null) add("macs", ...lines([app.say("macs_text", n(view.macs), n(view.exact_macs))]));
		if (view.entries !== null) add("entries", ...lines([app.say("entries_text", n(view.entries), view.shape.map(n).join(" × "), (100 * view.density).toPrecision(3))]));
		add("connections", ...lines([view.layer_connections.map(n).join(" + ")]));
		if (view.layer_connections.length > 1) add("paths", ...lines([n(view.paths)]));
		if (view.receptive_field) add("field", ...lines([view.receptive_field.map((f) => app.say("field_text", f.size, f.stride)).join(" × ")]));
		add("separable", ...this.separability());
		if (view.overlap) add("overlap", ...this.overlap());
		add("proof", ...this.proof());
		this.element.replaceChildren(make("h2", { text: app.say("facts") }), rows);
	}

	separability() {
		const { app } = this;
		const found = app.view.separability;
		if (!found) return [];
		const text = (v) => {
			if (v.separable === null) return "?";
			if (v.separable) return app.say("is_separable", (v.factors || []).map((f) => `[${f.join(", ")}]`).join(" × "));
			return app.say("not_separable", v.rank) + (v.minor ? ` · ${app.say("minor", v.minor.value)}` : "");
		};
		const seen = [...new Set(found.kernels.map(text))];
		const lines = seen.slice(0, 4).map((t) => make("div", { text: t }));
		if (found.count > 1) lines.unshift(make("div", { text: app.say("some_separable", found.separable, found.count) }));
		return lines;
	}

	overlap() {
		const { app } = this;
		const inside = app.turned ? app.view.overlap.inside_back : app.view.overlap.inside;
		if (!inside || !inside.length) return [];
		const what = app.say("one_output");
		return [make("div", { text: inside.length > 1 ? app.say("checker", what, inside.join(", "), app.links) : app.say("uniform", what, inside[0], app.links) })];
	}

	proof() {
		const { app } = this;
		const proof = app.view.proof;
		const theorem = ["conv", "conv_transpose", "pointwise", "depthwise"].includes(app.view.state ? app.view.state.kind : "") || proof;
		if (!theorem) return [];
		return [button(`${proof && proof.holds ? `✓ ${app.say("proved")} · ` : ""}${app.say("see_proof")}`, () => this.open())];
	}

	open() {
		const { app } = this;
		const text = make("pre", { tabindex: 0, text: app.say("proving") });
		const close = button(app.say("close"), () => dialog.close());
		const dialog = make("dialog", { "aria-label": app.say("proof") }, make("h2", { text: app.say("proof") }), text, close);
		dialog.addEventListener("close", () => dialog.remove());
		app.root.append(dialog);
		dialog.showModal();
		const here = app.view.proof ? `${app.view.proof.statement}\n${app.view.proof.method}\n${app.view.proof.scope}\n(${app.say("at_size")})` : "";
		app.prove((answer) => { text.textContent = answer && answer.ok ? answer.text : [here, answer && answer.error].filter(Boolean).join("\n\n"); });
	}
}

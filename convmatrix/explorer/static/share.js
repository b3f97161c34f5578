// Take it along: the link, the Python, and every view as a picture.

class Share {
	constructor(app) {
		this.app = app;
		this.element = make("section", { class: "pane share-pane" });
	}

	draw() {
		const { app } = this;
		const code = make("pre", { tabindex: 0, "aria-label": "Python", text: app.view.python || "" });
		this.said = make("p", { class: "note" });
		const buttons = make("div", { class: "bar" });
		if (app.model.link) buttons.append(button(app.say("copy_link"), () => this.copy(app.model.link())));
		buttons.append(button(app.say("copy_python"), () => this.copy(app.view.python)));
		const pictures = [["input", () => app.turned ? app.grids.y : app.grids.x], ["output", () => app.turned ? app.grids.x : app.grids.y], ["matrix", () => app.matrix], ["graph", () => app.graph]];
		if (app.walk.walks.length) pictures.push(["walk", () => app.walk]);
		const menu = make("div", { class: "bar" });
		for (const [name, pane] of pictures) for (const kind of ["SVG", "PNG"]) {
			menu.append(button(`${app.say(name)} ${kind}`, () => this.save(pane(), name, kind), { "aria-label": app.say("download", app.say(name), kind) }));
		}
		this.element.replaceChildren(make("h2", { text: app.say("share") }), buttons, code, menu, this.said);
	}

	async copy(text) {
		try {
			await navigator.clipboard.writeText(text);
			this.said.textContent = this.app.say("copied");
		} catch {
			const field = make("textarea", { readonly: true, "aria-label": this.app.say("not_copied"), rows: 3 });
			field.value = text;
			this.said.replaceChildren(this.app.say("not_copied"), field);
			field.select();
		}
	}

	async save(pane, name, kind) {
		const paper = inks(this.app.root).paper;
		let blob;
		if (kind === "SVG") blob = new Blob([pane.paint((w, h) => svgPen(w, h, paper)).toString()], { type: "image/svg+xml" });
		else {
			const canvas = document.createElement("canvas");
			pane.paint((w, h) => { const pen = canvasPen(canvas, w, h); pen.rect(0, 0, w, h, paper); return pen; });
			blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
		}
		const link = make("a", { href: URL.createObjectURL(blob), download: `convmatrix-${name}.${kind.toLowerCase()}` });
		this.app.root.append(link);
		link.click();
		link.remove();
		setTimeout(() => URL.revokeObjectURL(link.href), 10000);
	}
}

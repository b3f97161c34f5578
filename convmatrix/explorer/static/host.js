// The host of a page: a model as notebooks have one, over a server or over baked answers.

/** What an address says. */
function readAddress(defaults) {
	const query = new URLSearchParams(location.search);
	for (const [k, v] of new URLSearchParams(location.hash.replace(/^#\??/, ""))) query.set(k, v);
	const state = {}, ui = {};
	let selection = [];
	for (const [name, value] of query) {
		if (name === "pins") selection = value.split(" ").map(readPin).filter(Boolean);
		else if (["turned", "shaded", "step"].includes(name)) { if (+value > 0) ui[name] = Math.floor(+value); }
		else if (name === "lang" && ["en", "zh"].includes(value)) ui.lang = value;
		else if (name === "theme" && ["light", "dark"].includes(value)) ui.theme = value;
		else if (name in defaults) state[name] = value;
	}
	return { state, ui, selection };
}
function readPin(text) {
	const found = /^(x|y|entry|tap)(\d+)(?:-(\d+))?$/.exec(text);
	return found && { kind: found[1], i: +found[2], ...(found[3] ? { leaf: +found[3] } : {}) };
}

function writeAddress(model) {
	const defaults = model.get("vocabulary").defaults;
	const query = new URLSearchParams({ kind: model.get("state").kind || defaults.kind });
	for (const [name, value] of Object.entries(model.get("state"))) if (name in defaults && value !== defaults[name]) query.set(name, value);
	const pins = (model.get("selection") || []).map((p) => `${p.kind}${p.i}${p.leaf ? `-${p.leaf}` : ""}`);
	if (pins.length) query.set("pins", pins.join(" "));
	for (const [name, value] of Object.entries(model.get("ui") || {})) query.set(name, String(value));
	const text = query.toString();
	try { history.replaceState(null, "", `?${text}`); } catch {
		try { history.replaceState(null, "", `#${text}`); } catch { /* a framed page has no address */ }
	}
}

/** A model: get, set, save_changes, on, off; `answer` says what a state shows. */
function makeModel(values, answer, prove) {
	const listeners = {};
	const changed = new Set();
	let asked = 0;
	const tell = (name) => (listeners[`change:${name}`] || []).forEach((listener) => listener());
	const model = {
		get: (name) => values[name],
		set(name, value) { values[name] = value; changed.add(name); },
		on(event, listener) { (listeners[event] ||= []).push(listener); },
		off(event, listener) { listeners[event] = (listeners[event] || []).filter((l) => l !== listener); },
		put(name, value) { values[name] = value; tell(name); },
		link: location.protocol === "about:" ? null : () => location.href,
		async save_changes(silent) {
			const names = [...changed];
			changed.clear();
			if (values.ready) writeAddress(model);
			if (names.includes("ui")) document.documentElement.lang = values.ui.lang === "zh" ? "zh-CN" : "en";
			if (names.includes("state") && !silent) {
				const mine = ++asked;
				const view = await answer(values.state);
				if (mine === asked && view) { model.put("view", view); tell("state"); }
			}
			if (names.includes("question")) { const proof = await prove(values.question); if (proof !== undefined) model.put("proof", proof); }
		},
	};
	return model;
}

/** Start: what the address asks for, or as much of it as makes sense. */
async function boot(config, answer, prove, more = {}) {
	const { state, ui, selection } = readAddress(config.vocabulary.defaults);
	const given = Object.keys(state).length > 0;
	const first = given ? state : config.state;
	const model = makeModel({ vocabulary: config.vocabulary, state: first, view: null, ui, selection, proof: {}, question: {}, command: config.command || "convmatrix explore", ...more }, (s) => answer(s, model), (s) => prove(s, model));
	let view = await answer(first, model);
	if (given && view && !view.ok && !view.missing) {
		const { weight, x, u, window, ...rest } = state;
		for (const less of [rest, config.state]) {
			const second = await answer(less, model);
			if (second && second.ok) { model.set("state", less); model.set("broken", view.error); view = second; break; }
		}
	} else if (view && view.missing) {
		model.set("state", config.state);
		model.set("absent", view.command);
		view = await answer(config.state, model);
	}
	model.set("view", view);
	model.set("ready", true);
	convmatrix.render({ model, el: document.getElementById("app") });
	document.documentElement.lang = document.querySelector(".cm").lang;
	document.body.dataset.ready = "1";
}

/** Ask the server, giving up what was asked before; where it is lost say so, and look again. */
const asking = {};
async function post(path, state, model) {
	asking[path]?.abort();
	const mine = asking[path] = new AbortController();
	try {
		const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(state), signal: mine.signal });
		const told = /json/.test(answer.headers.get("content-type")) ? await answer.json() : { error: `${answer.status} ${answer.statusText}`, ok: false };
		if (model.get("lost")) model.put("lost", false);
		return told;
	} catch {
		if (mine.signal.aborted) return undefined;
		if (!model.get("lost")) {
			model.put("lost", true);
			const timer = setInterval(async () => {
				try {
					const alive = await fetch("./api/ping");
					clearInterval(timer);
					model.put("lost", false);
					if (alive.ok) { model.set("state", model.get("state")); model.save_changes(); }
					else model.put("view", await alive.json());
				} catch { /* still lost */ }
			}, 3000);
		}
		return null;
	}
}

async function unpack(text) {
	const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
	return JSON.parse(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text());
}

const packed = document.getElementById("answers");
if (packed) {
	const config = JSON.parse(document.getElementById("config").textContent);
	const answers = await unpack(packed.textContent);
	const names = Object.keys(config.vocabulary.defaults);
	const key = (state) => JSON.stringify(names.map((name) => state[name] ?? config.vocabulary.defaults[name]));
	const command = (given) => {
		const { defaults, kinds } = config.vocabulary, state = { ...defaults, ...given };
		const told = (kinds[state.kind] || []).filter((n) => state[n] && (state[n] !== defaults[n] || ["kernel", "stride", "scale"].includes(n)));
		return ["convmatrix explore", ...told.map((n) => `--${n.replace(/_/g, "-")}${n === "flip" ? "" : ` '${state[n]}'`}`)].join(" ");
	};
	const find = async (state) => {
		const found = answers[key(state)];
		return found ? { ...found, state: { ...config.vocabulary.defaults, ...state } } : { ok: false, missing: true, error: command(state), command: command(state) };
	};
	const proof = async (state) => ({ ok: false, error: `${command(state).replace("explore", "prove transpose")}` });
	await boot(config, find, proof, { frozen: true });
} else {
	const config = await (await fetch("./config.json")).json();
	await boot(config, (state, model) => post("./api/describe", state, model), (state, model) => post("./api/proof", state, model));
}

// The tables behind all views: who is connected with whom, looked up and never computed.

/** Flat index to position in a shape, C order. */
function unravel(flat, shape) {
	const index = new Array(shape.length);
	for (let j = shape.length - 1; j >= 0; j--) { index[j] = flat % shape[j]; flat = Math.floor(flat / shape[j]); }
	return index;
}

/** One side of the map, x or y: its coordinates, and for each element its entries. */
function space(axes, count, of) {
	const entries = Array.from({ length: count }, () => []);
	of.forEach((element, entry) => entries[element].push(entry));
	const shape = axes.map((axis) => axis.length);
	const place = (i) => unravel(i, shape).map((p, j) => axes[j][p]);
	return { axes, shape, count, of, entries, place, name: (i) => `(${place(i).join(", ")})` };
}

/** Everything that hovering looks up, made once for an answer. */
function tables(view) {
	const c = view.connections;
	if (!c) return null;
	const count = (axes) => axes.reduce((n, axis) => n * axis.length, 1);
	const rows = new Array(c.indices.length);
	for (let r = 0; r + 1 < c.indptr.length; r++) for (let p = c.indptr[r]; p < c.indptr[r + 1]; p++) rows[p] = r;
	const digits = c.digits || [c.tap];
	const kernels = view.weights.map((weight, leaf) => {
		const window = weight.shape.slice(2).reduce((a, b) => a * b, 1) || 1;
		return { ...weight, window: weight.free ? window : weight.shape.reduce((a, b) => a * b, 1), digits: digits[leaf] };
	});
	// Colours follow the layer with the most taps, which is what the eye looks for.
	const lead = kernels.reduce((best, k, j) => (k.window > kernels[best].window ? j : best), 0);
	const found = new Map();
	kernels.forEach((kernel, leaf) => kernel.digits.forEach((tap, entry) => {
		const key = `${leaf}:${tap}`;
		if (!found.has(key)) found.set(key, []);
		found.get(key).push(entry);
	}));
	return {
		x: space(c.in, count(c.in), c.indices), y: space(c.out, count(c.out), rows),
		kernels, lead, size: rows.length,
		ofTap: (leaf, tap) => found.get(`${leaf}:${tap}`) || [],
		colour: (entry) => tapColour(kernels[lead].digits[entry] % kernels[lead].window, kernels[lead].window),
		ink: (entry) => tapInk(kernels[lead].digits[entry] % kernels[lead].window, kernels[lead].window),
		tapName: (entry) => kernels.map((k, leaf) => weightName(kernels, leaf, k.digits[entry])).filter(Boolean).join("·"),
	};
}

/** `w[0,0,1,2]`, `w2[…]` in a stack, and of fixed coefficients their place. */
function weightName(kernels, leaf, tap) {
	const kernel = kernels[leaf];
	const total = kernel.shape.reduce((a, b) => a * b, 1);
	if (tap >= total) return "";
	if (!kernel.free && total === 1) return "";
	const several = kernels.filter((k) => k.free).length > 1;
	const which = several && kernel.free ? kernels.slice(0, leaf + 1).filter((k) => k.free).length : "";
	return `${kernel.free ? "w" : "c"}${which}[${unravel(tap, kernel.shape).join(",")}]`;
}

/** The entries that a selection lights. */
function entriesOf(tables, selection) {
	if (!tables || !selection) return [];
	const { kind, i } = selection;
	if (kind === "x" || kind === "y") return tables[kind].entries[i] || [];
	if (kind === "entry") return i < tables.size ? [i] : [];
	return tables.ofTap(selection.leaf || 0, i);
}
/** A selection by coordinates, which outlast a change of size. */
function anchor(tables, s) {
	if (s.kind === "x" || s.kind === "y") return { ...s, at: tables[s.kind].place(s.i) };
	if (s.kind === "entry") return { ...s, ends: ["x", "y"].map((k) => tables[k].place(tables[k].of[s.i])), taps: tables.kernels.map((k) => k.digits[s.i]) };
	return { ...s, shape: String(tables.kernels[s.leaf || 0].shape) };
}
function located(tables, { at, ends, taps, shape, ...s }) {
	const find = (side, place) => place.length === side.axes.length ? place.reduce((flat, p, j) => { const k = side.axes[j].indexOf(p); return k < 0 || flat < 0 ? -1 : flat * side.shape[j] + k; }, 0) : -1;
	if (at) { const i = find(tables[s.kind], at); return i < 0 ? null : { ...s, i }; }
	if (!ends) return tables.kernels[s.leaf || 0] && String(tables.kernels[s.leaf || 0].shape) === shape ? s : null;
	const [x, y] = [find(tables.x, ends[0]), find(tables.y, ends[1])];
	const i = x < 0 || y < 0 ? undefined : tables.y.entries[y].find((p) => tables.x.of[p] === x && tables.kernels.every((k, j) => k.digits[p] === taps[j]));
	return i === undefined ? null : { ...s, i };
}
const sameSelection = (a, b) => a && b && a.kind === b.kind && a.i === b.i && (a.leaf || 0) === (b.leaf || 0);

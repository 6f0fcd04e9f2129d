// Elements from code. Text is always a text node, so a name that holds markup
// is shown and never read as markup.

export type Child = Node | string | false | null | undefined;

export interface Options {
	class?: string;
	/** key finds the element again after the page was drawn anew, for the focus. */
	key?: string;
	attrs?: Record<string, string | number | boolean>;
	on?: Partial<{ [E in keyof HTMLElementEventMap]: (event: HTMLElementEventMap[E]) => void }>;
}

export function el<T extends keyof HTMLElementTagNameMap>(tag: T, options: Options = {}, ...children: Child[]): HTMLElementTagNameMap[T] {
	const element = document.createElement(tag);
	dress(element, options, children);
	return element;
}

function dress(element: HTMLElement | SVGElement, options: Options, children: Child[]): void {
	if (options.class) element.setAttribute("class", options.class);
	if (options.key) element.dataset["key"] = options.key;
	for (const [name, value] of Object.entries(options.attrs ?? {})) {
		if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
	}
	for (const [name, listener] of Object.entries(options.on ?? {})) {
		element.addEventListener(name, listener as EventListener);
	}
	element.append(...children.filter((child): child is Node | string => child !== false && child !== null && child !== undefined));
}

function svg(tag: string, attrs: Record<string, string | number>, ...children: Node[]): SVGElement {
	const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
	dress(element, { attrs }, children);
	return element;
}

/** QR is a code as the server draws it: the path of its dark modules, of one unit each. */
export interface QR {
	size: number;
	path: string;
}

/** drawQR draws a code with the quiet zone of four modules that readers need. */
export function drawQR(code: QR, label: string): SVGElement {
	const side = code.size + 8;
	return svg(
		"svg",
		{ viewBox: `-4 -4 ${side} ${side}`, class: "qr", role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
		svg("rect", { x: -4, y: -4, width: side, height: side, fill: "#fff" }),
		svg("path", { d: code.path, fill: "#000" }),
	);
}

const signs = {
	valid: "M9 16.2 4.8 12l-1.4 1.4L9 19 21 7l-1.4-1.4z",
	warning: "M1 21h22L12 2 1 21zm12-3h-2v-2h2v2zm0-4h-2v-4h2v4z",
	error: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm1 15h-2v-2h2v2zm0-4h-2V7h2v6z",
	info: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm1 15h-2v-6h2v6zm0-8h-2V7h2v2z",
};

export type Tone = keyof typeof signs;

export function sign(tone: Tone): SVGElement {
	return svg("svg", { viewBox: "0 0 24 24", class: `sign ${tone}`, "aria-hidden": "true" }, svg("path", { d: signs[tone], fill: "currentColor" }));
}

/** notice is a box as DHIS2 draws them. */
export function notice(tone: Tone, title: string, ...children: Child[]): HTMLElement {
	return el("div", { class: `notice ${tone}` }, sign(tone), el("div", {}, el("p", { class: "title" }, title), ...children));
}

export interface ButtonOptions {
	primary?: boolean;
	small?: boolean;
	disabled?: boolean;
	describedBy?: string;
	label?: string;
}

export function button(key: string, text: string, press: () => void, options: ButtonOptions = {}): HTMLButtonElement {
	return el(
		"button",
		{
			key,
			class: [options.primary ? "primary" : "", options.small ? "small" : ""].join(" ").trim() || "plain",
			attrs: {
				type: "button",
				disabled: options.disabled ?? false,
				"aria-describedby": options.describedBy ?? false,
				"aria-label": options.label ?? false,
			},
			on: { click: press },
		},
		text,
	);
}

export function spinner(text: string): HTMLElement {
	return el("p", { class: "busy", key: "busy", attrs: { tabindex: -1, "data-focus": true } }, el("span", { class: "spinner", attrs: { "aria-hidden": "true" } }), text);
}

/** Page is the part of the document that is drawn anew with each change. */
export class Page {
	private scene = "";

	constructor(
		private readonly root: HTMLElement,
		private readonly live: HTMLElement,
	) {}

	/**
	 * draw replaces what is shown. Who is in the middle of a field stays there; when
	 * another scene begins, the focus goes to its element that has data-focus, but
	 * only from inside this page: it is never taken from the form around it.
	 */
	draw(scene: string, ...children: Child[]): void {
		const active = document.activeElement;
		const inside = active instanceof HTMLElement && this.root.contains(active);
		const key = inside ? active.dataset["key"] : undefined;
		const caret = active instanceof HTMLInputElement ? active.selectionStart : null;
		const changed = scene !== this.scene;
		this.scene = scene;
		this.root.replaceChildren(...children.filter((child): child is Node | string => child !== false && child !== null && child !== undefined));
		if (!inside) return;
		const same = key ? this.root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) : null;
		const begin = this.root.querySelector<HTMLElement>("[data-focus]");
		const target = changed ? (begin ?? same) : (same ?? begin);
		target?.focus({ preventScroll: true });
		if (target === same && caret !== null && target instanceof HTMLInputElement && target.type === "text") target.setSelectionRange(caret, caret);
	}

	/** announce is heard by who does not see the page. */
	announce(text: string): void {
		if (this.live.textContent !== text) this.live.textContent = text;
	}

	get height(): number {
		return Math.ceil(this.root.getBoundingClientRect().height);
	}

	onResize(changed: () => void): void {
		new ResizeObserver(changed).observe(this.root);
	}
}

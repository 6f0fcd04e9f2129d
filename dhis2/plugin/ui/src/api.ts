// Calls of DHIS2's Routes. A Route passes on what the service behind it
// answers; what DHIS2 answers itself (no session, no right, no such Route) is
// told apart by the shape of a refusal, which only the service has.

/** Problem is why a call gave nothing. It holds no value of a person. */
export class Problem extends Error {
	constructor(
		readonly kind: "refused" | "session" | "network" | "forbidden" | "setup" | "unavailable",
		/** code is the service's own, when it refused. */
		readonly code = "",
		/** text is the service's sentence by language, when it refused. */
		readonly text: Readonly<Record<string, string>> = {},
	) {
		super(kind + (code && ": " + code));
	}
}

type Json = Record<string, unknown>;

export function record(value: unknown): Json {
	return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** text reads a member that must be a text. */
export function text(from: Json, name: string): string {
	const value = from[name];
	if (typeof value !== "string" || value === "") throw new Problem("unavailable");
	return value;
}

/** base is the address of DHIS2, with a slash at its end. */
export function base(): URL {
	const written = document.querySelector<HTMLMetaElement>('meta[name="dhis2-base-url"]')?.content ?? "";
	if (written && !written.startsWith("__")) {
		const url = new URL(written.replace(/\/*$/, "/"), location.href);
		if (url.origin === location.origin) return url;
	}
	return new URL("../../../", location.href);
}

// How far the server's clock is ahead of this one, in milliseconds: a tablet
// whose clock is wrong still shows the time that is left.
let ahead = 0;

/** left is the time until an instant of the server's, in milliseconds. */
export function left(until: string): number {
	const end = Date.parse(until);
	return Number.isNaN(end) ? 0 : end - Date.now() - ahead;
}

/** longest is that of a Route, with a little for the way. */
const longest = 65_000;

export class Route {
	constructor(private readonly code: string) {}

	post(path: string, body: Json, options: { keepalive?: boolean } = {}): Promise<Json> {
		return this.call(path, { method: "POST", body: JSON.stringify(body), keepalive: options.keepalive ?? false });
	}

	get(path: string): Promise<Json> {
		return this.call(path, { method: "GET" });
	}

	private async call(path: string, init: RequestInit): Promise<Json> {
		const headers: Record<string, string> = { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" };
		if (init.body) headers["Content-Type"] = "application/json";
		let answer: Response;
		let content: string;
		const late = new AbortController();
		const timer = setTimeout(() => late.abort(), longest);
		try {
			answer = await fetch(new URL(`api/routes/${encodeURIComponent(this.code)}/run/${path}`, base()), {
				...init,
				headers,
				cache: "no-store",
				credentials: "same-origin",
				// A redirect leads to the login page; followed, a POST would come back as a
				// page that says 200.
				redirect: "manual",
				signal: late.signal,
			});
			content = await answer.text();
		} catch {
			throw new Problem("network");
		} finally {
			clearTimeout(timer);
		}
		if (answer.type === "opaqueredirect") throw new Problem("session");
		const date = Date.parse(answer.headers.get("Date") ?? "");
		if (!Number.isNaN(date)) ahead = date - Date.now();
		return read(answer, content);
	}
}

function read(answer: Response, content: string): Json {
	const html = (answer.headers.get("Content-Type") ?? "").startsWith("text/html");
	let body: unknown;
	try {
		body = content === "" ? {} : JSON.parse(content);
	} catch {
		body = undefined;
	}
	const error = record(record(body)["error"]);
	if (typeof error["code"] === "string") {
		const said = Object.entries(record(record(error["message"])["text"])).filter((entry): entry is [string, string] => typeof entry[1] === "string");
		throw new Problem("refused", error["code"], Object.fromEntries(said));
	}
	if (answer.status === 401 || (html && answer.ok)) throw new Problem("session");
	if (answer.status === 403) throw new Problem("forbidden");
	if (answer.status === 404) throw new Problem("setup");
	if (!answer.ok || body === undefined) throw new Problem("unavailable");
	return record(body);
}

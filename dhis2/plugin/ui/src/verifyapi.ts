// The calls of the relying party behind the Route, and their answers read.
import { Problem, record, Route, text } from "./api";
import type { QR } from "./dom";

export interface Started {
	transaction: string;
	/** state is the one of the answer that belongs to this sign-in. */
	state: string;
	expires: string;
	/** url is opened in a window; empty for her own phone. */
	url: string;
	phone?: { url: string; qr: QR };
}

export interface Missing {
	attribute: string;
	reason: string;
}

export interface Verified {
	values: Readonly<Record<string, string>>;
	/** pseudonyms are the fields that name her for computers alone. */
	pseudonyms: readonly string[];
	missing: Missing[];
	evidence: string;
}

export type PhoneStep = "waiting" | "opened" | "confirmed" | "signed-in" | "refused" | "expired";

export interface PhoneState {
	step: PhoneStep;
	number: string;
	problem?: Problem;
}

export interface Status {
	at: string;
	fields: string[];
	/** assisted: she could not use the page herself, and a witness was there. */
	assisted: boolean;
}

/**
 * page refuses an address that is none of a page: javascript: would run here. Plain
 * http is for a DHIS2 that is itself reached so.
 */
function page(address: string): string {
	let url: URL;
	try {
		url = new URL(address);
	} catch {
		throw new Problem("setup");
	}
	if (url.protocol !== "https:" && !(url.protocol === "http:" && location.protocol === "http:")) throw new Problem("setup");
	return url.href;
}

export function readQR(value: unknown): QR {
	const { size, path } = record(value);
	if (typeof size !== "number" || size < 1 || size > 200 || typeof path !== "string") throw new Problem("unavailable");
	return { size, path };
}

export class VerifyAPI {
	private readonly route: Route;

	constructor(
		code: string,
		private readonly program: string,
	) {
		this.route = new Route(code);
	}

	async start(way: { orgUnit: string; language: string; phone: boolean; witness?: string }): Promise<Started> {
		const answer = await this.route.post("start", {
			program: this.program,
			orgUnit: way.orgUnit,
			uiLocales: [...new Set([way.language, "en"])],
			...(way.phone && { device: "phone" }),
			...(way.witness !== undefined && { assisted: { witness: way.witness } }),
		});
		const started = { transaction: text(answer, "transaction"), expires: text(answer, "expires") };
		if (way.phone) {
			const phone = record(answer["phone"]);
			return { ...started, state: "", url: "", expires: text(phone, "expires"), phone: { url: page(text(phone, "url")), qr: readQR(phone["qr"]) } };
		}
		return { ...started, state: text(answer, "state"), url: page(text(answer, "url")) };
	}

	async complete(transaction: string, response?: string): Promise<Verified> {
		const answer = await this.route.post("complete", { transaction, ...(response !== undefined && { response }) });
		const values = Array.isArray(answer["values"]) ? answer["values"].map(record) : [];
		const missing = Array.isArray(answer["missing"]) ? answer["missing"].map(record) : [];
		return {
			values: Object.fromEntries(values.map((entry): [string, string] => [text(entry, "attribute"), text(entry, "value").trim()])),
			pseudonyms: values.filter((entry) => entry["claim"] === "sub").map((entry) => text(entry, "attribute")),
			missing: missing.map((entry) => ({ attribute: text(entry, "attribute"), reason: text(entry, "reason") })),
			evidence: text(record(answer["evidence"]), "id"),
		};
	}

	/** cancel forgets a sign-in; that it could not be told ends by itself. */
	cancel(transaction: string): void {
		this.route.post("cancel", { transaction }, { keepalive: true }).catch(() => undefined);
	}

	async phone(transaction: string): Promise<PhoneState> {
		return readPhone(await this.route.post("phone", { transaction }));
	}

	async confirm(transaction: string, number: string): Promise<void> {
		await this.route.post("phone/confirm", { transaction, number });
	}

	async status(evidence: string): Promise<Status> {
		const answer = await this.route.get(`evidence/${encodeURIComponent(evidence)}`);
		const fields = Array.isArray(answer["attributes"]) ? answer["attributes"].filter((field): field is string => typeof field === "string") : [];
		if (answer["verified"] !== true) throw new Problem("refused", "evidence");
		return { at: text(answer, "at"), fields, assisted: answer["assisted"] === true };
	}

	/** changed are those of the values that are not the ones that were verified. */
	async changed(evidence: string, values: Record<string, string>): Promise<string[]> {
		const answer = await this.route.post(`evidence/${encodeURIComponent(evidence)}/compare`, { values });
		const told = record(answer["attributes"]);
		return Object.keys(values).filter((field) => told[field] !== "same");
	}
}

const steps: readonly PhoneStep[] = ["waiting", "opened", "confirmed", "signed-in", "refused", "expired"];

function readPhone(answer: Record<string, unknown>): PhoneState {
	const step = steps.find((known) => known === answer["state"]);
	if (!step) throw new Problem("unavailable");
	const number = typeof answer["number"] === "string" && /^\d{2}$/.test(answer["number"]) ? answer["number"] : "";
	const error = record(answer["error"]);
	if (typeof error["code"] !== "string") return { step, number };
	const said = Object.entries(record(record(error["message"])["text"])).filter((entry): entry is [string, string] => typeof entry[1] === "string");
	return { step, number, problem: new Problem("refused", error["code"], Object.fromEntries(said)) };
}

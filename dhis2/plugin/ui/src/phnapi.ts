// The calls of the PHN service behind its Route, and their answers read.
import { Problem, record, Route, text } from "./api";
import type { QR } from "./dom";
import { readQR } from "./verifyapi";

export interface Match {
	match: string;
	name: string;
	birthDate: string;
	gender: string;
	phone: string;
	place: string;
}

export interface Search {
	search: string;
	/** asked is false when the NEHR could not be asked and the service may issue for the time being. */
	asked: boolean;
	matches: Match[];
}

export const reasons = ["other-person", "wrong-record", "other"] as const;
export type Reason = (typeof reasons)[number];

export interface Issued {
	phn: string;
	provisional: boolean;
	receipt: string;
}

export interface Standing {
	status: "issued" | "selected" | "unknown";
	provisional: boolean;
	at: string;
}

export interface Card {
	code: string;
	expires: string;
	qr: QR;
}

export interface Demographics {
	name: string;
	birthDate: string;
	phone: string;
}

function word(from: Record<string, unknown>, name: string): string {
	const value = from[name];
	return typeof value === "string" ? value : "";
}

export class PhnAPI {
	private readonly route: Route;

	constructor(
		code: string,
		private readonly program: string,
		private readonly orgUnit: () => string,
	) {
		this.route = new Route(code);
	}

	private post(path: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
		return this.route.post(path, { program: this.program, orgUnit: this.orgUnit(), ...body });
	}

	async search(by: { phn: string } | { demographics: Demographics }): Promise<Search> {
		const answer = await this.post("search", { ...by });
		const { matches } = answer;
		if (!Array.isArray(matches)) throw new Problem("unavailable");
		return {
			search: text(answer, "search"),
			asked: answer["source"] !== "none",
			matches: matches.map(record).map((match) => ({
				match: text(match, "match"),
				name: word(match, "name"),
				birthDate: word(match, "birthDate"),
				gender: word(match, "gender"),
				phone: word(match, "phone"),
				place: word(match, "place"),
			})),
		};
	}

	async select(search: string, match: string): Promise<Issued> {
		const answer = await this.post("select", { search, match });
		return { phn: text(answer, "phn"), provisional: false, receipt: text(answer, "receipt") };
	}

	async issue(search: string, rejected: { match: string; reason: Reason }[]): Promise<Issued> {
		const answer = await this.post("issue", { search, rejected });
		return { phn: text(answer, "phn"), provisional: answer["provisional"] === true, receipt: text(answer, "receipt") };
	}

	async status(phn: string): Promise<Standing> {
		const answer = await this.post("status", { phn });
		const status = (["issued", "selected", "unknown"] as const).find((known) => known === answer["status"]);
		if (!status) throw new Problem("unavailable");
		return { status, provisional: answer["provisional"] === true, at: word(answer, "at") };
	}

	async card(receipt: string): Promise<Card> {
		const answer = await this.post("card", { receipt });
		return { code: text(answer, "code"), expires: text(answer, "expires"), qr: readQR(answer["qr"]) };
	}
}

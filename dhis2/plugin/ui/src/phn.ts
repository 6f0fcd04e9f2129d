// The field "Manage PHN": search before issue, look at who was found, and only
// then take an existing number or have a new one issued.
import type { Page } from "./dom";
import type { Host } from "./host";
import { t } from "./language";
import { type Card, type Demographics, type Issued, PhnAPI, type Reason, type Search } from "./phnapi";
import { drawPhn } from "./phnview";
import { explain, type Said, sentence } from "./problem";
import type { Settings } from "./settings";
import { PhnStanding } from "./standing";

/** Judgement is what the worker said of one match; "" while she has not chosen a reason. */
export type Judgement = Reason | "";

export type PhnStep =
	| { at: "idle"; said?: Said }
	| { at: "asking" }
	| { at: "busy"; words: string }
	| { at: "results"; search: Search; by: "phn" | "demographics"; judged: Map<string, Judgement>; said?: Said }
	| { at: "replace"; issued: Issued }
	| { at: "done"; issued: Issued; said?: Said }
	| { at: "card"; issued: Issued; card: Card };

export class Phn {
	step: PhnStep = { at: "idle" };
	/** number is what the worker types to be verified. */
	number = "";
	readonly api: PhnAPI;
	readonly standing: PhnStanding;

	constructor(
		readonly page: Page,
		readonly host: Host,
		readonly settings: Settings,
	) {
		this.api = new PhnAPI(settings.phnRoute, settings.program, () => host.orgUnit);
		this.standing = new PhnStanding(this.api, host, () => {
			page.announce(this.standing.words());
			this.draw();
		});
	}

	update(): void {
		this.standing.look();
		this.draw();
	}

	draw(): void {
		drawPhn(this);
	}

	private go(step: PhnStep, heard: string): void {
		this.step = step;
		this.page.announce(heard);
		this.draw();
	}

	get ready(): boolean {
		return this.host.state === "ready" && this.host.orgUnit !== "";
	}

	get demographics(): Demographics {
		return { name: this.host.value("name"), birthDate: this.host.value("birthDate"), phone: this.host.value("phone") };
	}

	/** lacking are the fields of the form that a search needs and that are empty. */
	lacking(): (keyof Demographics)[] {
		const given = this.demographics;
		return (["name", "birthDate", "phone"] as const).filter((field) => given[field] === "");
	}

	/** ask opens the field for a number that she has. */
	ask(): void {
		this.number = this.host.value("phn");
		this.go({ at: "asking" }, t("phn_number"));
	}

	back(): void {
		this.go({ at: "idle" }, t("phn_title"));
	}

	searchNumber(): void {
		const phn = this.number.trim();
		if (phn !== "") void this.search("phn", { phn });
	}

	searchPerson(): void {
		if (this.lacking().length === 0) void this.search("demographics", { demographics: this.demographics });
	}

	private async search(by: "phn" | "demographics", query: Parameters<PhnAPI["search"]>[0]): Promise<void> {
		if (!this.ready || this.step.at === "busy") return;
		await this.work(t("phn_searching"), "phn_failed", async () => {
			const search = await this.api.search(query);
			return { step: { at: "results", search, by, judged: new Map() }, heard: t(search.matches.length > 0 ? "phn_found" : "phn_none", { count: search.matches.length }) };
		});
	}

	/** work shows that something is under way; a second click finds it so and does nothing. */
	private async work(words: string, failed: Said["title"], job: () => Promise<{ step: PhnStep; heard: string }>, after?: (said: Said) => PhnStep): Promise<void> {
		this.go({ at: "busy", words }, words);
		try {
			const { step, heard } = await job();
			this.go(step, heard);
		} catch (thrown) {
			const said = explain(thrown, failed);
			this.go(after?.(said) ?? { at: "idle", said }, t(said.title) + " " + (said.detail ? sentence(said.detail) : ""));
		}
	}

	/** reject says that a match is not her, and why; undefined takes that back. */
	reject(match: string, judgement: Judgement | undefined): void {
		if (this.step.at !== "results") return;
		if (judgement === undefined) this.step.judged.delete(match);
		else this.step.judged.set(match, judgement);
		this.draw();
	}

	/** mayIssue is true after a search by her data each of whose matches was rejected with a reason. */
	get mayIssue(): boolean {
		if (this.step.at !== "results" || this.step.by !== "demographics") return false;
		const { judged } = this.step;
		return this.step.search.matches.every(({ match }) => (judged.get(match) ?? "") !== "");
	}

	async select(match: string): Promise<void> {
		if (this.step.at !== "results") return;
		const { search } = this.step.search;
		await this.work(t("phn_selecting"), "phn_failed", async () => this.settle(await this.api.select(search, match)));
	}

	async issue(): Promise<void> {
		if (this.step.at !== "results" || !this.mayIssue) return;
		const { search, judged } = this.step;
		const rejected = search.matches.map(({ match }) => ({ match, reason: judged.get(match) as Reason }));
		await this.work(t("phn_issuing"), "phn_failed", async () => this.settle(await this.api.issue(search.search, rejected)));
	}

	/** settle writes the number; one that was typed and differs is only replaced when the worker says so. */
	private async settle(issued: Issued): Promise<{ step: PhnStep; heard: string }> {
		const typed = this.host.value("phn");
		if (typed !== "" && typed !== issued.phn) return { step: { at: "replace", issued }, heard: t("phn_replace") };
		return this.write(issued);
	}

	private async write(issued: Issued): Promise<{ step: PhnStep; heard: string }> {
		const wrote = await this.host.set("phn", issued.phn);
		if (wrote) await this.host.set("phnVerified", "true");
		const said: Said | undefined = wrote ? undefined : { tone: "error", title: "phn_unwritten", detail: "phn_unwritten_detail" };
		// The service is asked again, though the number may be the one it was asked about.
		this.standing.again();
		return { step: { at: "done", issued, ...(said && { said }) }, heard: t(said ? "phn_unwritten" : "phn_written") };
	}

	async replace(): Promise<void> {
		if (this.step.at !== "replace") return;
		const { step, heard } = await this.write(this.step.issued);
		this.go(step, heard);
	}

	async makeCard(): Promise<void> {
		if (this.step.at !== "done") return;
		const { issued } = this.step;
		await this.work(
			t("card_making"),
			"card_failed",
			async () => ({ step: { at: "card", issued, card: await this.api.card(issued.receipt) }, heard: t("card_title") }),
			(said) => ({ at: "done", issued, said }),
		);
	}
}

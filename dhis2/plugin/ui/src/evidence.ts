// The badge of a verification. What it says comes from the evidence that the
// relying party keeps, never from anything that a page could write by itself.
import { Problem } from "./api";
import { el, notice } from "./dom";
import type { Host } from "./host";
import { moment, t } from "./language";
import type { Status, VerifyAPI } from "./verifyapi";

type Finding = { kind: "checking" } | { kind: "same"; at: string } | { kind: "changed"; at: string; fields: string[] } | { kind: "unknown" } | { kind: "unavailable" };

const id = /^[A-Za-z0-9_.-]{1,128}$/;

export class Evidence {
	private finding: Finding = { kind: "checking" };
	private asked = "";
	private known?: { id: string; status: Status };
	private timer: ReturnType<typeof setTimeout> | undefined;

	constructor(
		private readonly api: VerifyAPI,
		private readonly host: Host,
		private readonly changed: () => void,
	) {}

	/** id names the evidence that the form holds; empty where it holds none. */
	private get id(): string {
		return this.host.value("evidence");
	}

	/**
	 * look asks again when a value that was verified may have been edited. The
	 * answer to the question before is at once no longer shown.
	 */
	look(): void {
		const question = this.id === "" ? "" : JSON.stringify([this.id, this.values()]);
		if (question === this.asked) return;
		const first = this.asked === "";
		this.asked = question;
		clearTimeout(this.timer);
		this.finding = { kind: "checking" };
		if (question === "") return;
		// While somebody types, one question in the end is enough.
		this.timer = setTimeout(() => void this.ask(question), first ? 0 : 700);
	}

	private values(): Record<string, string> {
		const fields = this.known?.id === this.id ? this.known.status.fields : [];
		return Object.fromEntries(fields.filter((field) => this.host.has(field)).map((field) => [field, this.host.value(field)]));
	}

	private async ask(question: string): Promise<void> {
		const evidence = this.id;
		let finding: Finding;
		try {
			if (!id.test(evidence)) throw new Problem("refused", "evidence");
			if (this.known?.id !== evidence) {
				const status = await this.api.status(evidence);
				if (question !== this.asked) return;
				this.known = { id: evidence, status };
				question = this.asked = JSON.stringify([evidence, this.values()]);
			}
			const { at } = this.known.status;
			const values = this.values();
			if (Object.keys(values).length === 0) {
				finding = { kind: "unavailable" };
			} else {
				const fields = await this.api.changed(evidence, values);
				finding = fields.length > 0 ? { kind: "changed", at, fields } : { kind: "same", at };
			}
		} catch (thrown) {
			const refused = thrown instanceof Problem && thrown.kind === "refused" && ["evidence", "tampered", "malformed"].includes(thrown.code);
			finding = { kind: refused ? "unknown" : "unavailable" };
		}
		if (question !== this.asked) return;
		this.finding = finding;
		this.changed();
	}

	/** again asks once more after the question could not be answered. */
	again(): void {
		this.asked = "";
		this.look();
	}

	get held(): boolean {
		return this.id !== "";
	}

	/** words are those of the badge, for who listens. */
	words(): string {
		switch (this.finding.kind) {
			case "checking":
				return t("badge_checking");
			case "same":
				return t("badge_verified");
			case "changed":
				return t("badge_changed");
			case "unknown":
				return t("badge_unknown");
			case "unavailable":
				return t("badge_unavailable");
		}
	}

	draw(retry: HTMLElement): HTMLElement {
		const title = this.words();
		const assisted = this.known?.status.assisted && el("p", {}, t("badge_assisted"));
		switch (this.finding.kind) {
			case "checking":
				return notice("info", title);
			case "same":
				return badge("valid", notice("valid", title, el("p", {}, t("badge_at", { at: moment(this.finding.at) })), assisted));
			case "changed": {
				const fields = this.finding.fields.map((field) => this.host.label(field)).join(", ");
				return badge("warning", notice("warning", title, el("p", {}, t("badge_fields", { fields })), el("p", {}, t("badge_at", { at: moment(this.finding.at) })), assisted));
			}
			case "unknown":
				return badge("error", notice("error", title, el("p", {}, t("badge_unknown_detail"))));
			case "unavailable":
				return badge("info", notice("info", title, el("p", {}, retry)));
		}
	}
}

function badge(tone: string, box: HTMLElement): HTMLElement {
	box.dataset["badge"] = tone;
	return box;
}

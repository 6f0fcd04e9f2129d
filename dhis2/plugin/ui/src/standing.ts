// The badge of a PHN: what the service knows of the number that the form
// holds. The form's own mark of a verified PHN is never believed: it is held
// against the service.
import { Problem } from "./api";
import { button, el, notice } from "./dom";
import type { Host } from "./host";
import { moment, t } from "./language";
import type { PhnAPI, Standing } from "./phnapi";

export class PhnStanding {
	private standing: Standing | "checking" | "unavailable" = "checking";
	private asked = "";
	private timer: ReturnType<typeof setTimeout> | undefined;

	constructor(
		private readonly api: PhnAPI,
		private readonly host: Host,
		private readonly changed: () => void,
	) {}

	private get phn(): string {
		return this.host.value("phn");
	}

	/** look asks when the form holds another number than the one last asked about. */
	look(): void {
		const question = this.host.orgUnit && this.phn;
		// Without an organisation unit nobody can be asked.
		if (question === "") this.standing = "unavailable";
		if (question === this.asked) return;
		const first = this.asked === "";
		this.asked = question;
		clearTimeout(this.timer);
		if (question) this.standing = "checking";
		// The service counts questions about numbers that nobody has as guesses: it is not
		// asked while somebody types.
		if (question) this.timer = setTimeout(() => void this.ask(question), first ? 0 : 1500);
	}

	private async ask(phn: string): Promise<void> {
		let standing: Standing | "unavailable";
		try {
			standing = await this.api.status(phn);
		} catch (thrown) {
			// A number that the service cannot even read is none that it gave.
			const unreadable = thrown instanceof Problem && thrown.kind === "refused" && (thrown.code === "phn" || thrown.code === "malformed");
			standing = unreadable ? { status: "unknown", provisional: false, at: "" } : "unavailable";
		}
		if (phn !== this.asked) return;
		this.standing = standing;
		this.changed();
	}

	again(): void {
		this.asked = "";
		this.look();
	}

	private get marked(): boolean {
		return this.host.value("phnVerified") === "true";
	}

	words(): string {
		if (this.phn === "") return this.marked ? t("phn_forged") : "";
		if (this.standing === "checking") return t("badge_checking");
		if (this.standing === "unavailable") return t("badge_unavailable");
		if (this.standing.status === "unknown") return t(this.marked ? "phn_forged" : "phn_unverified");
		return t(this.standing.provisional ? "phn_provisional" : "phn_verified");
	}

	draw(redraw: () => void): HTMLElement | undefined {
		const title = this.words();
		if (title === "") return undefined;
		const unmark = () => button("unmark", t("phn_unmark"), () => void this.host.set("phnVerified", null), { small: true });
		const forged = () => badge("error", notice("error", title, el("p", {}, t("phn_forged_detail")), !this.host.viewOnly && el("p", {}, unmark())));
		if (this.phn === "") return forged();
		const number = el("p", { class: "phn" }, this.phn);
		if (this.standing === "checking") return notice("info", title, number);
		if (this.standing === "unavailable") return badge("info", notice("info", title, number, el("p", {}, button("badge-retry", t("again"), () => (this.again(), redraw()), { small: true }))));
		if (this.standing.status === "unknown") return this.marked ? forged() : badge("warning", notice("warning", title, number, el("p", {}, t("phn_unverified_detail"))));
		const at = this.standing.at && el("p", {}, t(this.standing.status === "issued" ? "phn_issued_at" : "phn_selected_at", { at: moment(this.standing.at) }));
		if (this.standing.provisional) return badge("warning", notice("warning", title, number, el("p", {}, t("phn_provisional_detail")), at));
		return badge("valid", notice("valid", title, number, at));
	}
}

function badge(tone: string, box: HTMLElement): HTMLElement {
	box.dataset["badge"] = tone;
	return box;
}

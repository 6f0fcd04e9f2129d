// The field "Verify patient": the way from the button to values in the form.
import { left, Problem } from "./api";
import { Channel, type Note } from "./channel";
import { Comparison } from "./compare";
import type { Page } from "./dom";
import { Evidence } from "./evidence";
import type { Host } from "./host";
import { language, t } from "./language";
import { explain, type Said, sentence } from "./problem";
import type { Settings } from "./settings";
import { type PhoneState, type Started, VerifyAPI } from "./verifyapi";
import { drawVerify } from "./verifyview";

/**
 * Attempt is one sign-in. What arrives for another than the present one is
 * dropped: a second click, a window that was given up, another tab.
 */
interface Attempt {
	way: "window" | "phone";
	window: Window | null;
	started?: Started;
	/** response is what came back, kept until the service has answered. */
	response?: string;
}

export type Step =
	| { at: "idle"; said?: Said }
	| { at: "starting" }
	| { at: "window" }
	| { at: "phone"; phone: PhoneState; lost: boolean }
	| { at: "completing" }
	| { at: "lost"; said: Said }
	| Done;

/** Done is a verification whose values stand beside those of the form. */
interface Done {
	at: "done";
	comparison: Comparison;
	/** kept tells whether the form took the id of the evidence; undefined while that is not known. */
	kept?: boolean;
}

const pollEvery = 2000;

export class Verify {
	step: Step = { at: "idle" };
	/** assisted, and the witness who was there, as the worker writes it. */
	assisted = false;
	witness = "";
	witnessMissing = false;
	readonly api: VerifyAPI;
	readonly evidence: Evidence;
	private attempt: Attempt | undefined;
	private timer: ReturnType<typeof setTimeout> | undefined;
	private readonly channel = new Channel();

	constructor(
		readonly page: Page,
		readonly host: Host,
		readonly settings: Settings,
	) {
		this.api = new VerifyAPI(settings.verifyRoute, settings.program);
		this.evidence = new Evidence(this.api, host, () => {
			page.announce(this.evidence.words());
			this.draw();
		});
		this.channel.listen((note) => this.hear(note));
		window.addEventListener("pagehide", () => this.leave());
	}

	/** update is called with each change of the form. */
	update(): void {
		// A field that the form gets only now is filled like the others.
		if (this.step.at === "done" && this.step.kept !== undefined) void this.settle(this.step);
		this.evidence.look();
		this.draw();
	}

	draw(): void {
		drawVerify(this);
	}

	private go(step: Step, heard: string): void {
		this.step = step;
		this.page.announce(heard);
		this.draw();
	}

	get ready(): boolean {
		return this.host.state === "ready" && this.host.orgUnit !== "";
	}

	/** begin is the click. The window is opened before anything is awaited, or the browser blocks it. */
	begin(way: Attempt["way"]): void {
		if (!this.ready || (this.step.at !== "idle" && this.step.at !== "done")) return;
		this.witness = this.witness.trim();
		this.witnessMissing = this.assisted && this.witness === "";
		if (this.witnessMissing) {
			this.page.announce(t("assisted_missing"));
			this.draw();
			document.getElementById("witness")?.focus();
			return;
		}
		const opened = way === "window" ? openWindow() : null;
		if (way === "window" && !opened) {
			this.end({ tone: "warning", title: "verify_blocked", detail: "verify_blocked_detail" });
			return;
		}
		const attempt: Attempt = { way, window: opened };
		this.attempt = attempt;
		this.go({ at: "starting" }, t("verify_starting"));
		void this.start(attempt);
	}

	private async start(attempt: Attempt): Promise<void> {
		let started: Started;
		try {
			started = await this.api.start({
				orgUnit: this.host.orgUnit,
				language: language(),
				phone: attempt.way === "phone",
				...(this.assisted && { witness: this.witness }),
			});
		} catch (thrown) {
			if (this.attempt === attempt) this.end(explain(thrown, "verify_failed"));
			return;
		}
		if (this.attempt !== attempt) {
			this.api.cancel(started.transaction);
			return;
		}
		attempt.started = started;
		if (attempt.window) {
			attempt.window.location.replace(started.url);
			this.go({ at: "window" }, t("verify_window"));
			this.timer = setTimeout(() => this.expire(), Math.max(0, left(started.expires)));
		} else {
			this.go({ at: "phone", phone: { step: "waiting", number: "" }, lost: false }, t("phone_scan"));
			void this.poll(attempt);
		}
	}

	/** hear takes the answer to its own sign-in, once, while it waits for it. */
	private hear(note: Note): void {
		const attempt = this.attempt;
		if (note.say !== "answer" || this.step.at !== "window" || !attempt?.started || note.state !== attempt.started.state) return;
		this.channel.send({ say: "taken", state: note.state });
		attempt.response = note.response;
		void this.complete(attempt);
	}

	private async complete(attempt: Attempt): Promise<void> {
		clearTimeout(this.timer);
		this.go({ at: "completing" }, t("verify_completing"));
		try {
			const verified = await this.api.complete(attempt.started?.transaction ?? "", attempt.response);
			if (this.attempt !== attempt) return;
			this.attempt = undefined;
			this.assisted = false;
			this.witness = "";
			const done: Done = { at: "done", comparison: new Comparison(this.host, verified, () => this.draw()) };
			this.go(done, t("verify_done"));
			await this.settle(done);
		} catch (thrown) {
			if (this.attempt !== attempt) return;
			// DHIS2 refused before the service was asked, or no answer came: the same
			// answer may be sent again. The service takes it once at most.
			if (thrown instanceof Problem && (thrown.kind === "session" || thrown.kind === "network")) {
				const said = explain(thrown, "verify_lost");
				this.go({ at: "lost", said }, t("verify_lost"));
				return;
			}
			this.end(explain(thrown, "verify_failed"));
		}
	}

	/**
	 * settle fills what is empty, and then lets the form keep the evidence: so the
	 * badge is first asked for when there is something to hold it against.
	 */
	private async settle(done: Done): Promise<void> {
		await done.comparison.fill();
		if (this.step !== done || done.kept) return;
		done.kept = await this.host.set("evidence", done.comparison.verified.evidence);
		this.draw();
	}

	/** close leaves the comparison; the badge stays. */
	close(): void {
		if (this.step.at === "done") this.go({ at: "idle" }, this.evidence.held ? this.evidence.words() : "");
	}

	/** again sends what came back once more. */
	again(): void {
		if (this.step.at === "lost" && this.attempt) void this.complete(this.attempt);
	}

	private async poll(attempt: Attempt): Promise<void> {
		if (this.attempt !== attempt || !attempt.started || this.step.at !== "phone") return;
		if (left(attempt.started.expires) <= 0) {
			this.expire();
			return;
		}
		try {
			const phone = await this.api.phone(attempt.started.transaction);
			if (this.attempt !== attempt || this.step.at !== "phone") return;
			if (phone.step === "signed-in") return void this.complete(attempt);
			if (phone.step === "expired") return this.expire();
			if (phone.step === "refused") {
				return this.end(phone.problem ? explain(phone.problem, "verify_failed") : { tone: "info", title: "verify_denied" }, true);
			}
			// An answer that was on its way when she confirmed is not news.
			const before = this.step.phone.step === "confirmed" && phone.step === "opened";
			const news = !before && (phone.step !== this.step.phone.step || phone.number !== this.step.phone.number || this.step.lost);
			if (news) this.go({ at: "phone", phone, lost: false }, phoneWords(phone));
		} catch (thrown) {
			if (this.attempt !== attempt || this.step.at !== "phone") return;
			if (!(thrown instanceof Problem) || thrown.kind === "refused" || thrown.kind === "forbidden" || thrown.kind === "setup") {
				this.end(explain(thrown, "verify_failed"), true);
				return;
			}
			if (!this.step.lost) this.go({ ...this.step, lost: true }, t("phone_lost"));
		}
		this.timer = setTimeout(() => void this.poll(attempt), pollEvery);
	}

	/** confirm says that both screens show the same number. */
	async confirm(): Promise<void> {
		const attempt = this.attempt;
		if (this.step.at !== "phone" || this.step.phone.step !== "opened" || !attempt?.started) return;
		const { number } = this.step.phone;
		this.go({ at: "phone", phone: { step: "confirmed", number }, lost: false }, t("phone_signing"));
		try {
			await this.api.confirm(attempt.started.transaction, number);
		} catch (thrown) {
			if (this.attempt === attempt) this.end(explain(thrown, "verify_failed"), true);
		}
	}

	private expire(): void {
		this.end({ tone: "warning", title: "verify_expired", detail: "verify_expired_detail" }, true);
	}

	/** cancel is the worker's: she stops, or the window was closed. */
	cancel(): void {
		this.end({ tone: "info", title: "verify_cancelled", detail: "verify_cancelled_detail" }, true);
	}

	private end(said: Said, tell = false): void {
		clearTimeout(this.timer);
		const attempt = this.attempt;
		this.attempt = undefined;
		attempt?.window?.close();
		if (tell && attempt?.started) this.api.cancel(attempt.started.transaction);
		this.go({ at: "idle", said }, t(said.title) + " " + (said.detail ? sentence(said.detail) : ""));
	}

	/** reject takes back what a verification of somebody else filled. */
	async reject(): Promise<void> {
		if (this.step.at !== "done") return;
		const { comparison } = this.step;
		this.step = { at: "idle", said: { tone: "info", title: "compare_undone" } };
		await comparison.undo();
		if (this.host.value("evidence") === comparison.verified.evidence) await this.host.set("evidence", null);
		this.page.announce(t("compare_undone"));
		this.draw();
	}

	focusWindow(): void {
		this.attempt?.window?.focus();
	}

	/** expires is when the present sign-in ends. */
	get expires(): string {
		return this.attempt?.started?.expires ?? "";
	}

	get phone(): Started["phone"] {
		return this.attempt?.started?.phone;
	}

	private leave(): void {
		clearTimeout(this.timer);
		if (this.attempt?.started) this.api.cancel(this.attempt.started.transaction);
		this.attempt?.window?.close();
		this.attempt = undefined;
		this.step = { at: "idle" };
	}
}

function phoneWords(phone: PhoneState): string {
	if (phone.step === "opened") return t("phone_number", { number: phone.number });
	return t(phone.step === "confirmed" ? "phone_signing" : "phone_scan");
}

/** openWindow opens the window of the sign-in, cut off from this page; null when it is blocked. */
function openWindow(): Window | null {
	const opened = window.open("about:blank", "_blank", "popup,width=800,height=850");
	if (!opened) return null;
	try {
		// What is shown there must not lead this page elsewhere.
		opened.opener = null;
		opened.document.title = t("verify_starting");
		opened.document.body.textContent = t("verify_starting");
	} catch {
		// The words are a courtesy.
	}
	return opened;
}

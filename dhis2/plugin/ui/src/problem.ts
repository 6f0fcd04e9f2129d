import { Problem } from "./api";
import { type Child, el, notice, type Tone } from "./dom";
import { language, t, type Word } from "./language";

/** Said is what is told to the worker after something ended. */
export interface Said {
	tone: Tone;
	title: Word;
	/** detail is a sentence of ours, or of the service in its own words. */
	detail?: Word | { readonly text: Readonly<Record<string, string>> };
}

const own: Record<Exclude<Problem["kind"], "refused">, Word> = {
	session: "problem_session",
	network: "problem_network",
	forbidden: "problem_forbidden",
	setup: "problem_setup",
	unavailable: "problem_unavailable",
};

/** explain turns what was thrown into words; title says what could not be done. */
export function explain(thrown: unknown, title: Word): Said {
	if (!(thrown instanceof Problem)) return { tone: "error", title, detail: "problem_unavailable" };
	if (thrown.kind !== "refused") return { tone: "error", title, detail: own[thrown.kind] };
	if (thrown.code === "denied") return { tone: "info", title: "verify_denied", detail: thrown };
	return { tone: "error", title, detail: Object.keys(thrown.text).length > 0 ? thrown : "problem_unavailable" };
}

export function sentence(detail: NonNullable<Said["detail"]>): string {
	return typeof detail === "string" ? t(detail) : (detail.text[language()] ?? detail.text["en"] ?? t("problem_unavailable"));
}

export function tell(said: Said | undefined, ...more: Child[]): HTMLElement | undefined {
	if (!said) return undefined;
	const box = notice(said.tone, t(said.title), said.detail && el("p", {}, sentence(said.detail)), ...more);
	box.dataset["key"] = "said";
	box.dataset["focus"] = "";
	box.tabIndex = -1;
	return box;
}

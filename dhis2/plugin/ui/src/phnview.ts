// How the field "Manage PHN" looks in each of its steps.
import { button, type Child, drawQR, el, notice, spinner } from "./dom";
import { moment, t, type Word } from "./language";
import type { Judgement, Phn, PhnStep } from "./phn";
import { type Match, reasons } from "./phnapi";
import { tell } from "./problem";

export function drawPhn(p: Phn): void {
	p.page.draw(p.step.at + ("said" in p.step ? (p.step.said?.title ?? "") : ""), el("h1", {}, t("phn_title")), ...body(p));
}

function body(p: Phn): Child[] {
	if (p.host.state === "none") return [notice("error", t("host_none"), el("p", {}, t("host_none_detail")))];
	const badge = p.standing.draw(() => p.draw());
	if (p.host.viewOnly) return [badge ?? el("p", {}, t("phn_empty"))];
	const { step } = p;
	switch (step.at) {
		case "idle":
			return [tell(step.said), badge, ...choices(p)];
		case "asking":
			return [badge, number(p)];
		case "busy":
			return [spinner(step.words)];
		case "results":
			return results(p, step);
		case "replace":
			return [
				el(
					"div",
					{ key: "replace", attrs: { tabindex: -1, "data-focus": true } },
					notice(
						"warning",
						t("phn_replace"),
						el("p", {}, t("phn_replace_detail")),
						el("dl", {}, el("dt", {}, t("compare_typed")), el("dd", { class: "phn" }, p.host.value("phn")), el("dt", {}, t("phn_record")), el("dd", { class: "phn" }, step.issued.phn)),
						el("div", { class: "buttons" }, button("take", t("phn_replace_take"), () => void p.replace(), { primary: true }), button("back", t("compare_keep"), () => p.back())),
					),
				),
			];
		case "done":
			return [
				tell(step.said),
				badge ?? el("p", { class: "phn" }, step.issued.phn),
				el(
					"div",
					{ class: "buttons" },
					button("card", t("card_make"), () => void p.makeCard()),
					button("back", t("done"), () => p.back()),
				),
			];
		case "card":
			return card(p, step);
	}
}

function choices(p: Phn): Child[] {
	const ready = p.ready;
	const lacking = p.lacking();
	const names = lacking.map((field) => (p.host.has(field) ? p.host.label(field) : t(`demographics_${field}`))).join(", ");
	const why = p.host.state === "ready" && !ready;
	return [
		el(
			"div",
			{ class: "buttons" },
			button("ask", t("phn_verify"), () => p.ask(), { disabled: !ready, primary: p.host.value("phn") !== "", ...(why && { describedBy: "why" }) }),
			button("find", t("phn_generate"), () => p.searchPerson(), {
				disabled: !ready || lacking.length > 0,
				primary: p.host.value("phn") === "",
				...((why || lacking.length > 0) && { describedBy: "why" }),
			}),
		),
		p.host.state === "ready" && (why || lacking.length > 0) && el("p", { class: "hint", attrs: { id: "why" } }, why ? t("orgunit_none") : t("phn_lacking", { fields: names })),
	];
}

function number(p: Phn): HTMLElement {
	const input = el("input", {
		key: "number",
		attrs: { id: "number", type: "text", maxlength: 64, autocomplete: "off", autocapitalize: "characters", spellcheck: "false", "data-focus": true },
		on: {
			input: () => (p.number = input.value),
			keydown: (event) => {
				if (event.key !== "Enter") return;
				event.preventDefault();
				p.searchNumber();
			},
		},
	});
	input.value = p.number;
	return el(
		"div",
		{ class: "field" },
		el("label", { attrs: { for: "number" } }, t("phn_number")),
		input,
		el("div", { class: "buttons" }, button("search", t("phn_search"), () => p.searchNumber(), { primary: true }), button("back", t("cancel"), () => p.back())),
	);
}

function results(p: Phn, step: Extract<PhnStep, { at: "results" }>): Child[] {
	const { search, by } = step;
	const found = search.matches.length;
	const title = el(
		"div",
		{ key: "found", attrs: { tabindex: -1, "data-focus": true } },
		found > 0
			? notice("info", t("phn_found", { count: found }), el("p", {}, t(by === "phn" ? "phn_found_number" : "phn_found_detail")))
			: search.asked
				? notice("info", t("phn_none"), by === "phn" && el("p", {}, t("phn_none_number")))
				: notice("warning", t("phn_unasked"), el("p", {}, t("phn_unasked_detail"))),
	);
	return [
		title,
		found > 0 && el("ol", { class: "matches", attrs: { "aria-label": t("phn_matches") } }, ...search.matches.map((match, index) => shown(p, match, index, step.judged.get(match.match)))),
		by === "demographics" && !p.mayIssue && el("p", { class: "hint", attrs: { id: "judge" } }, t("phn_judge")),
		el(
			"div",
			{ class: "buttons" },
			by === "demographics" && button("issue", t("phn_issue"), () => void p.issue(), { disabled: !p.mayIssue, primary: p.mayIssue, ...(!p.mayIssue && { describedBy: "judge" }) }),
			by === "phn" && button("ask", t("phn_other_number"), () => p.ask()),
			button("back", t("cancel"), () => p.back()),
		),
	];
}

const genders: Record<string, Word> = { female: "gender_female", male: "gender_male", other: "gender_other" };

function shown(p: Phn, match: Match, index: number, judged: Judgement | undefined): HTMLElement {
	const gender = genders[match.gender];
	const facts: [Word, string][] = [
		["demographics_name", match.name],
		["demographics_birthDate", match.birthDate],
		["demographics_gender", gender ? t(gender) : match.gender],
		["demographics_phone", match.phone],
		["demographics_place", match.place],
	];
	const which = t("phn_match", { number: index + 1 });
	return el(
		"li",
		{ class: judged === undefined ? "match" : "match rejected", attrs: { "data-match": match.match } },
		el("dl", {}, ...facts.filter(([, value]) => value !== "").map(([word, value]) => el("div", {}, el("dt", {}, t(word)), el("dd", {}, value)))),
		judged === undefined
			? el(
					"div",
					{ class: "buttons" },
					button(`select-${index}`, t("phn_select"), () => void p.select(match.match), { small: true, primary: true, label: `${t("phn_select")}: ${which}` }),
					button(`reject-${index}`, t("phn_reject"), () => p.reject(match.match, ""), { small: true, label: `${t("phn_reject")}: ${which}` }),
				)
			: el(
					"div",
					{ class: "buttons" },
					el("label", { attrs: { for: `reason-${index}` } }, t("phn_reason")),
					reason(p, match, index, judged),
					button(`restore-${index}`, t("phn_restore"), () => p.reject(match.match, undefined), { small: true, label: `${t("phn_restore")}: ${which}` }),
				),
	);
}

const words: Record<(typeof reasons)[number], Word> = { "other-person": "reason_other_person", "wrong-record": "reason_wrong_record", other: "reason_other" };

function reason(p: Phn, match: Match, index: number, judged: Judgement): HTMLSelectElement {
	const select = el(
		"select",
		{ key: `reason-${index}`, attrs: { id: `reason-${index}` }, on: { change: () => p.reject(match.match, reasons.find((known) => known === select.value) ?? "") } },
		el("option", { attrs: { value: "" } }, t("reason_choose")),
		...reasons.map((known) => el("option", { attrs: { value: known } }, t(words[known]))),
	);
	select.value = judged;
	return select;
}

/** card is what is printed: everything else is left out by the style sheet. */
function card(p: Phn, step: Extract<PhnStep, { at: "card" }>): Child[] {
	const name = p.host.value("name");
	return [
		el(
			"section",
			{ class: "card", key: "card", attrs: { tabindex: -1, "data-focus": true, "aria-labelledby": "card-title" } },
			el("h2", { attrs: { id: "card-title" } }, t("card_title")),
			el(
				"div",
				{ class: "scan" },
				drawQR(step.card.qr, t("card_qr")),
				el(
					"dl",
					{},
					name !== "" && el("div", {}, el("dt", {}, t("demographics_name")), el("dd", {}, name)),
					el("div", {}, el("dt", {}, t("card_phn")), el("dd", { class: "phn" }, step.issued.phn)),
					el("div", {}, el("dt", {}, t("card_code")), el("dd", { class: "phn" }, step.card.code)),
					el("div", {}, el("dt", {}, t("card_until")), el("dd", {}, moment(step.card.expires))),
				),
			),
			step.issued.provisional && el("p", { class: "title" }, t("phn_provisional")),
			el("p", {}, t("card_about")),
		),
		el("div", { class: "buttons" }, button("print", t("card_print"), () => window.print(), { primary: true }), button("back", t("done"), () => p.back())),
	];
}

// How the field "Verify patient" looks in each of its steps.
import { left } from "./api";
import type { Comparison, Row } from "./compare";
import { button, type Child, drawQR, el, notice, sign, spinner } from "./dom";
import { t, type Word } from "./language";
import { tell } from "./problem";
import type { Verify } from "./verify";

export function drawVerify(v: Verify): void {
	v.page.draw(scene(v), el("h1", {}, t("verify_title")), ...body(v));
	tick();
}

function scene(v: Verify): string {
	return v.step.at === "phone" ? `phone ${v.step.phone.step}` : v.step.at + (v.step.at === "idle" ? (v.step.said?.title ?? "") : "");
}

function body(v: Verify): Child[] {
	if (v.host.state === "none") return [notice("error", t("host_none"), el("p", {}, t("host_none_detail")))];
	const badge = v.evidence.held && v.evidence.draw(button("badge-retry", t("again"), () => (v.evidence.again(), v.draw()), { small: true }));
	if (v.host.viewOnly) return [badge || el("p", {}, t("badge_none"))];
	const { step } = v;
	switch (step.at) {
		case "idle":
			return [tell(step.said), badge, ...choices(v, v.evidence.held)];
		case "starting":
			return [spinner(t("verify_starting")), stop(v)];
		case "window":
			return [
				spinner(t("verify_window")),
				el("p", {}, t("verify_window_detail")),
				timeLeft(v),
				el("div", { class: "buttons" }, button("front", t("verify_front"), () => v.focusWindow()), stop(v, "verify_cancel")),
			];
		case "phone":
			return phone(v, step.phone.step, step.phone.number, step.lost);
		case "completing":
			return [spinner(t("verify_completing"))];
		case "lost":
			return [
				tell(
					step.said,
					el("p", {}, t("verify_lost_detail")),
					el("div", { class: "buttons" }, button("again", t("again"), () => v.again(), { primary: true }), stop(v)),
				),
			];
		case "done":
			return [
				...comparison(v, step.comparison, step.kept),
				badge,
				el("div", { class: "buttons" }, button("done", t("done"), () => v.close()), button("reject", t("compare_undo"), () => void v.reject())),
			];
	}
}

function choices(v: Verify, held: boolean): Child[] {
	const ready = v.ready;
	const why = v.host.state === "ready" && !ready;
	const options = { disabled: !ready, ...(why && { describedBy: "why" }) };
	return [
		el(
			"div",
			{ class: "buttons" },
			button("window", t(held ? "verify_again" : "verify_button"), () => v.begin("window"), { ...options, primary: !held }),
			v.settings.phone && button("phone", t("verify_phone"), () => v.begin("phone"), options),
		),
		why && el("p", { attrs: { id: "why" } }, t("orgunit_none")),
		el("p", { class: "hint" }, t(v.settings.phone ? "verify_hint_phone" : "verify_hint")),
		v.settings.assisted && assisted(v),
	];
}

function assisted(v: Verify): HTMLElement {
	return el(
		"div",
		{ class: "assisted" },
		el(
			"label",
			{ class: "check" },
			el("input", {
				key: "assisted",
				attrs: { type: "checkbox", checked: v.assisted },
				on: {
					change: () => {
						v.assisted = !v.assisted;
						v.witnessMissing = false;
						v.draw();
					},
				},
			}),
			t("assisted"),
		),
		v.assisted &&
			el(
				"div",
				{ class: "field" },
				el("p", { class: "hint", attrs: { id: "assisted-about" } }, t("assisted_about")),
				el("label", { attrs: { for: "witness" } }, t("assisted_witness")),
				witness(v),
				v.witnessMissing && el("p", { class: "wrong", attrs: { id: "witness-wrong" } }, t("assisted_missing")),
			),
	);
}

function witness(v: Verify): HTMLInputElement {
	const input = el("input", {
		key: "witness",
		attrs: {
			id: "witness",
			type: "text",
			maxlength: 100,
			autocomplete: "off",
			required: true,
			"aria-invalid": v.witnessMissing,
			"aria-describedby": v.witnessMissing ? "witness-wrong assisted-about" : "assisted-about",
		},
		on: { input: () => (v.witness = input.value) },
	});
	input.value = v.witness;
	return input;
}

function stop(v: Verify, word: Word = "cancel"): HTMLButtonElement {
	return button("cancel", t(word), () => v.cancel());
}

function timeLeft(v: Verify): HTMLElement {
	return el("p", { class: "hint" }, t("time_left"), " ", el("span", { class: "clock", attrs: { "data-until": v.expires } }));
}

let ticking: ReturnType<typeof setInterval> | undefined;

/** tick writes the time that is left, once a second, without drawing anew. */
function tick(): void {
	clearInterval(ticking);
	const clock = document.querySelector<HTMLElement>("[data-until]");
	if (!clock) return;
	const write = () => {
		const seconds = Math.max(0, Math.round(left(clock.dataset["until"] ?? "") / 1000));
		clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
	};
	write();
	ticking = setInterval(write, 1000);
}

function phone(v: Verify, step: string, number: string, lost: boolean): Child[] {
	const tail = [lost && notice("warning", t("phone_lost")), timeLeft(v)];
	if (step === "opened") {
		return [
			el(
				"div",
				{ class: "notice warning", key: "number", attrs: { tabindex: -1, "data-focus": true } },
				el(
					"div",
					{},
					el("p", { class: "title" }, t("phone_compare")),
					el("p", { class: "number" }, number),
					el("p", {}, t("phone_compare_detail")),
					el(
						"div",
						{ class: "buttons" },
						button("confirm", t("phone_same"), () => void v.confirm(), { primary: true }),
						button("cancel", t("phone_other"), () => v.cancel()),
					),
				),
			),
			...tail,
		];
	}
	if (step === "confirmed") return [spinner(t("phone_signing")), ...tail, el("div", { class: "buttons" }, stop(v))];
	const { phone: code } = v;
	return [
		code &&
			el(
				"div",
				{ class: "scan" },
				drawQR(code.qr, t("phone_qr")),
				el(
					"div",
					{},
					el("p", { class: "title", key: "scan", attrs: { tabindex: -1, "data-focus": true } }, t("phone_scan")),
					el("p", {}, t("phone_scan_detail")),
					el("details", {}, el("summary", { key: "link" }, t("phone_link")), el("p", { class: "link" }, code.url)),
				),
			),
		...tail,
		el("div", { class: "buttons" }, stop(v)),
	];
}

const states: Record<Row["state"], Word> = {
	same: "row_same",
	filled: "row_filled",
	filling: "row_filling",
	empty: "row_empty",
	differs: "row_differs",
	kept: "row_kept",
};

const reasons: Record<string, Word> = {
	"not-given": "missing_not_given",
	"wrong-form": "missing_wrong_form",
	"year-only": "missing_year_only",
	"unknown-word": "missing_unknown_word",
	contradiction: "missing_contradiction",
	"one-word": "missing_one_word",
	"too-long": "missing_too_long",
};

function comparison(v: Verify, c: Comparison, kept: boolean | undefined): Child[] {
	const rows = c.rows();
	const open = rows.filter((row) => row.state === "differs" || row.state === "empty").length;
	const unfilled = c.unfilled();
	const without = c.withoutField();
	return [
		el(
			"div",
			{ key: "result", attrs: { tabindex: -1, "data-focus": true } },
			open > 0
				? notice("warning", t("compare_differs", { count: open }), el("p", {}, t("compare_differs_detail")))
				: el("p", {}, t(rows.every((row) => row.state !== "kept") ? "compare_agrees" : "compare_kept")),
		),
		rows.length > 0 &&
			el(
				"table",
				{ class: "compare" },
				el("caption", {}, t("compare_caption")),
				el("thead", {}, el("tr", {}, ...(["compare_field", "compare_typed", "compare_verified", "compare_state"] as const).map((word) => el("th", { attrs: { scope: "col" } }, t(word))))),
				el("tbody", {}, ...rows.map((row) => compared(v, c, row))),
			),
		unfilled.length > 0 &&
			el(
				"div",
				{ class: "unfilled" },
				el("h2", {}, t("missing_title")),
				el("ul", {}, ...unfilled.map(({ attribute, reason }) => el("li", {}, `${v.host.label(attribute)}: ${t(reasons[reason] ?? "missing_wrong_form")}`))),
			),
		without.length > 0 && notice("info", t("missing_fields"), el("p", {}, t("missing_fields_detail", { fields: without.join(", ") }))),
		kept === false && notice("warning", t("evidence_lost"), el("p", {}, t("evidence_lost_detail"))),
	];
}

function compared(v: Verify, c: Comparison, row: Row): HTMLElement {
	const name = v.host.label(row.field);
	const take = (row.state === "differs" || row.state === "kept" || row.state === "empty") &&
		button(`take-${row.field}`, t("compare_take"), () => c.take(row.field), { small: true, label: `${t("compare_take")}: ${name}` });
	const keep = row.state === "differs" && button(`keep-${row.field}`, t("compare_keep"), () => c.keep(row.field), { small: true, label: `${t("compare_keep")}: ${name}` });
	const good = row.state === "same" || row.state === "filled";
	return el(
		"tr",
		{ attrs: { "data-field": row.field, "data-state": row.state } },
		el("th", { attrs: { scope: "row" } }, name),
		el("td", { attrs: { "data-label": t("compare_typed") } }, row.typed === "" ? el("span", { class: "hint" }, t("compare_nothing")) : v.host.shown(row.field, row.typed)),
		el("td", { attrs: { "data-label": t("compare_verified") } }, v.host.shown(row.field, row.verified)),
		el("td", {}, el("span", { class: "state" }, good ? sign("valid") : row.state !== "filling" && sign("warning"), t(states[row.state])), (take || keep) && el("div", { class: "buttons" }, take, keep)),
	);
}

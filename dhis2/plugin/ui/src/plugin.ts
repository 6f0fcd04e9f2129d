// The page of a form's field: which of the two it is, says its address.
import { el, notice, Page } from "./dom";
import { Host } from "./host";
import { languageOf, setLanguage, t, usersLanguage } from "./language";
import { Phn } from "./phn";
import { readSettings } from "./settings";
import { Verify } from "./verify";

function required(id: string): HTMLElement {
	const element = document.getElementById(id);
	if (!element) throw new Error(`plugin.html has no #${id}`);
	return element;
}

function run(): void {
	setLanguage(languageOf(navigator.language));
	const page = new Page(required("page"), required("live"));
	const settings = readSettings(location.search);
	const host: Host = new Host(() => update());
	const field = settings && (settings.field === "verify" ? new Verify(page, host, settings) : new Phn(page, host, settings));
	const draw = () => (field ? field.draw() : page.draw("setup", el("h1", {}, "nehrbridge"), notice("error", t("settings_wrong"), el("p", {}, t("problem_setup")))));
	const update = () => {
		field?.update();
		host.resize(page.height);
	};
	// Drawn before anything was asked, in the browser's language, and then in the
	// user's.
	draw();
	page.onResize(() => host.resize(page.height));
	host.connect();
	void usersLanguage().then((language) => {
		if (!language) return;
		setLanguage(language);
		draw();
	});
}

run();

// The page that eSignet sends the window back to: the redirect URI. It hands
// what came, unread but for the state, to the form that waits for it.
import { Channel } from "./channel";
import { languageOf, setLanguage, usersLanguage, type Language } from "./language";
import words from "./words/callback.json";

const response = location.search.slice(1);
// First of all: neither the history nor a log of the next address holds the code.
history.replaceState(null, "", location.pathname);

const state = new URLSearchParams(response).get("state") ?? "";
let word: keyof typeof words = state === "" ? "alone" : "handing";

function write(language: Language): void {
	const place = document.getElementById("words");
	if (place) place.textContent = words[word][language];
}

function show(next: keyof typeof words): void {
	word = next;
	write(languageOf(document.documentElement.lang));
	document.getElementById("words")?.focus();
}

const channel = new Channel();
channel.listen((note) => {
	if (note.say !== "taken" || note.state !== state || word === "done") return;
	show("done");
	window.close();
});

function begin(): void {
	setLanguage(languageOf(navigator.language));
	show(word);
	if (state === "") return;
	channel.send({ say: "answer", state, response });
	setTimeout(() => word === "handing" && show("alone"), 5000);
	void usersLanguage().then((language) => {
		if (!language) return;
		setLanguage(language);
		write(language);
	});
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();

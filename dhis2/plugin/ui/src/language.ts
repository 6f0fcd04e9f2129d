import en from "./words/en.json";
import si from "./words/si.json";
import ta from "./words/ta.json";
import { base } from "./api";

export type Word = keyof typeof en;
export const languages = ["en", "si", "ta"] as const;
export type Language = (typeof languages)[number];

// A key that a language lacks does not compile.
const words: Record<Language, Record<Word, string>> = { en, si, ta };

/** languageOf finds the language of a locale such as si_LK; English where there is none of ours. */
export function languageOf(locale: unknown): Language {
	const short = typeof locale === "string" ? locale.slice(0, 2).toLowerCase() : "";
	return languages.find((language) => language === short) ?? "en";
}

let current: Language = "en";

export function language(): Language {
	return current;
}

export function setLanguage(to: Language): void {
	current = to;
	document.documentElement.lang = to;
	document.title = "nehrbridge";
}

/** t gives the words; {name} in them is replaced. */
export function t(word: Word, values: Record<string, string | number> = {}): string {
	return words[current][word].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** usersLanguage asks DHIS2 for the user's language; undefined where it does not say. */
export async function usersLanguage(): Promise<Language | undefined> {
	try {
		const answer = await fetch(new URL("api/userSettings", base()), { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
		if (!answer.ok) return undefined;
		const settings: unknown = await answer.json();
		const locale = typeof settings === "object" && settings !== null ? (settings as Record<string, unknown>)["keyUiLocale"] : undefined;
		return typeof locale === "string" ? languageOf(locale) : undefined;
	} catch {
		return undefined;
	}
}

/** moment writes an instant in the reader's language; the text itself where it is none. */
export function moment(iso: string): string {
	const at = new Date(iso);
	return Number.isNaN(at.getTime()) ? iso : new Intl.DateTimeFormat(current === "en" ? "en-GB" : current, { dateStyle: "medium", timeStyle: "short" }).format(at);
}

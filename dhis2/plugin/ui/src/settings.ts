/** Settings come with the pluginSource of the form. None of them is of a person. */
export interface Settings {
	field: "verify" | "phn";
	program: string;
	verifyRoute: string;
	phnRoute: string;
	phone: boolean;
	assisted: boolean;
}

const uid = /^[A-Za-z][A-Za-z0-9]{10}$/;
const code = /^[A-Za-z0-9_-]{1,50}$/;

/** readSettings gives undefined where the address cannot be that of a field. */
export function readSettings(search: string): Settings | undefined {
	const query = new URLSearchParams(search);
	const field = query.get("field");
	const program = query.get("program") ?? "";
	const verifyRoute = query.get("verify") ?? "nehrbridge-verify";
	const phnRoute = query.get("phn") ?? "nehrbridge-phn";
	if ((field !== "verify" && field !== "phn") || !uid.test(program) || !code.test(verifyRoute) || !code.test(phnRoute)) return undefined;
	return { field, program, verifyRoute, phnRoute, phone: query.get("phone") !== "off", assisted: query.get("assisted") !== "off" };
}

import type { Missing, Verified } from "./verifyapi";
import type { Host } from "./host";

/**
 * RowState is how the form stands to one verified value: the same, filled in
 * because the field was empty, on its way, empty in spite of it, different and
 * not decided, or different and kept by the worker.
 */
export type RowState = "same" | "filled" | "filling" | "empty" | "differs" | "kept";

export interface Row {
	field: string;
	typed: string;
	verified: string;
	state: RowState;
}

interface Decision {
	/** before is what the form held when this value was first put into it. */
	before?: string;
	filling: boolean;
	kept: boolean;
}

/**
 * Comparison holds verified values against the form. Only a field that is
 * empty is filled without being asked; what the worker typed stays until she
 * decides. A field that the form gets later is treated as one that was there.
 */
export class Comparison {
	private readonly decisions = new Map<string, Decision>();
	private over = false;

	constructor(
		private readonly host: Host,
		readonly verified: Verified,
		private readonly changed: () => void,
	) {}

	private decision(field: string): Decision {
		let decision = this.decisions.get(field);
		if (!decision) this.decisions.set(field, (decision = { filling: false, kept: false }));
		return decision;
	}

	/** fill puts values into fields that are empty and were not filled before. */
	async fill(): Promise<void> {
		if (this.over) return;
		const empty = Object.entries(this.verified.values).filter(([field]) => this.host.has(field) && this.host.value(field) === "" && this.decision(field).before === undefined);
		await Promise.all(empty.map(([field, value]) => this.put(field, value)));
	}

	/** take puts a verified value into the form, because the worker said so. */
	take(field: string): void {
		const value = this.verified.values[field];
		if (value !== undefined) void this.put(field, value);
	}

	private async put(field: string, value: string): Promise<void> {
		const decision = this.decision(field);
		decision.before ??= this.host.value(field);
		decision.kept = false;
		decision.filling = true;
		await this.host.set(field, value);
		// The form's next props say whether it holds the value. They follow within
		// milliseconds; until then it is not called empty.
		setTimeout(() => {
			decision.filling = false;
			this.changed();
		}, 1500);
		this.changed();
	}

	keep(field: string): void {
		this.decision(field).kept = true;
		this.changed();
	}

	/** undo gives the fields back what they held, where they still hold what was put into them. */
	async undo(): Promise<void> {
		this.over = true;
		for (const [field, { before }] of this.decisions) {
			if (before !== undefined && this.host.value(field) === this.verified.values[field]) await this.host.set(field, before === "" ? null : before);
		}
	}

	rows(): Row[] {
		return this.host.fields().flatMap((field) => {
			const verified = this.verified.values[field];
			if (verified === undefined) return [];
			const typed = this.host.value(field);
			const state = this.state(field, typed, verified);
			// A pseudonym tells people nothing, unless the form has that of somebody else.
			if (this.verified.pseudonyms.includes(field) && state !== "differs" && state !== "kept" && state !== "empty") return [];
			return { field, typed, verified, state };
		});
	}

	private state(field: string, typed: string, verified: string): RowState {
		const decision = this.decision(field);
		if (typed === verified) return decision.before === "" ? "filled" : "same";
		if (decision.filling) return "filling";
		if (typed === "") return "empty";
		return decision.kept ? "kept" : "differs";
	}

	/** withoutField are verified values that this form has no field for. */
	withoutField(): string[] {
		return Object.keys(this.verified.values).filter((field) => !this.host.has(field));
	}

	/** unfilled are fields of the form that got no verified value, with the reason. */
	unfilled(): Missing[] {
		return this.verified.missing.filter(({ attribute }) => this.host.has(attribute));
	}
}

// The form around the plugin: Capture's host component, by post-robot. All
// props come anew with each change and its functions change identity, so that
// nothing here keeps one: the newest are read where they are used.
import * as robot from "post-robot/dist/post-robot.js";
import { record } from "./api";

interface Field {
	name?: string;
	formName?: string;
	type?: string;
	optionSet?: unknown;
}

interface Props {
	values?: Record<string, unknown> | null;
	fieldsMetadata?: Record<string, Field> | null;
	orgUnitId?: string | null;
	viewMode?: boolean | null;
	setFieldValue?: ((change: { fieldId: string; value: unknown; options?: { valid: boolean; touched: boolean } }) => unknown) | null;
	setPluginHeight?: ((height: number) => unknown) | null;
}

/** plain writes a form's value as the text that DHIS2 stores. */
function plain(value: unknown): string {
	if (typeof value === "string") return value.trim();
	if (typeof value === "number" || typeof value === "boolean") return String(value);
	const object = record(value);
	return plain(object["date"] ?? object["id"] ?? object["value"] ?? "");
}

export class Host {
	private props: Props = {};
	private height = 0;
	private told = 0;
	private resizing = false;
	/** state: no answer yet; the form answered; there is none. */
	state: "waiting" | "ready" | "none" = "waiting";

	constructor(private readonly changed: () => void) {}

	connect(): void {
		if (window.parent === window) {
			this.state = "none";
			this.changed();
			return;
		}
		// Only the form itself is listened to: the window that holds this one, on the
		// address that this page came from.
		const from = { window: window.parent, domain: location.origin };
		robot.on("updated", from, (message) => this.take(message.data));
		robot.send(window.parent, "getPropsFromParent", undefined, { domain: location.origin, timeout: 20_000 }).then(
			// An update may have come before the answer to the first question.
			(message) => this.state !== "ready" && this.take(message.data),
			() => {
				if (this.state === "ready") return;
				this.state = "none";
				this.changed();
			},
		);
	}

	private take(data: unknown): void {
		this.props = record(data) as Props;
		this.state = "ready";
		this.changed();
	}

	get orgUnit(): string {
		return typeof this.props.orgUnitId === "string" ? this.props.orgUnitId : "";
	}

	get viewOnly(): boolean {
		return this.props.viewMode === true;
	}

	/** has tells whether the form is set up to take this field. */
	has(field: string): boolean {
		return Object.hasOwn(this.props.fieldsMetadata ?? {}, field);
	}

	/** fields are those that the form is set up to take, in its order. */
	fields(): string[] {
		return Object.keys(this.props.fieldsMetadata ?? {});
	}

	label(field: string): string {
		const about = this.props.fieldsMetadata?.[field];
		return about?.formName || about?.name || field;
	}

	/** value is what the form holds, empty for nothing. */
	value(field: string): string {
		return plain(this.props.values?.[field]);
	}

	/** shown writes a value for a reader: the name of an option instead of its code. */
	shown(field: string, value: string): string {
		const options = record(this.props.fieldsMetadata?.[field]?.optionSet)["options"];
		for (const entry of Array.isArray(options) ? options : []) {
			const option = record(entry);
			const code = option["value"] ?? option["code"];
			const name = option["text"] ?? option["name"] ?? option["displayName"];
			if (code === value && typeof name === "string") return name;
		}
		return value;
	}

	/**
	 * set writes a field and resolves when the form took the call; false when the
	 * field is not one that the form gave this plugin, or the call failed. null
	 * empties it.
	 */
	async set(field: string, value: string | null): Promise<boolean> {
		if (!this.has(field) || !this.props.setFieldValue) return false;
		const written = value !== null && this.props.fieldsMetadata?.[field]?.type === "AGE" ? { date: value } : value;
		try {
			await this.props.setFieldValue({ fieldId: field, value: written, ...(value !== null && { options: { valid: true, touched: true } }) });
			return true;
		} catch {
			return false;
		}
	}

	/**
	 * resize tells the form how high the page is, in pixels: one call at a time, so
	 * that the last height is the last that the form hears of. Capture lays a frame out
	 * only after it has loaded; before that each word has a line of its own.
	 */
	resize(height: number): void {
		if (height === 0 || window.innerWidth === 0) return;
		this.height = height;
		if (!this.resizing) void this.tellHeight();
	}

	private async tellHeight(): Promise<void> {
		this.resizing = true;
		while (this.told !== this.height && this.props.setPluginHeight) {
			const height = this.height;
			try {
				await this.props.setPluginHeight(height);
			} catch {
				break; // the next change of the page or of the form tells it again
			}
			this.told = height;
		}
		this.resizing = false;
	}
}

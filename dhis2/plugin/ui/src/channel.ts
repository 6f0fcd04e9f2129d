// What the window that comes back from eSignet says to the form that opened
// it: by BroadcastChannel, which only pages of this DHIS2 hear, and which
// reaches the form where the sign-in page cut the windows apart
// (Cross-Origin-Opener-Policy).
import { record } from "./api";

export type Note = { say: "answer"; state: string; response: string } | { say: "taken"; state: string };

export class Channel {
	private readonly channel = new BroadcastChannel("nehrbridge-verify");

	listen(hear: (note: Note) => void): void {
		this.channel.addEventListener("message", (event) => {
			const { say, state, response } = record(event.data);
			if (typeof state !== "string" || state === "" || state.length > 512) return;
			if (say === "taken") hear({ say, state });
			if (say === "answer" && typeof response === "string" && response.length <= 8192) hear({ say, state, response });
		});
	}

	send(note: Note): void {
		this.channel.postMessage(note);
	}
}

// What is used of post-robot 10.0.46, which ships no types.
declare module "post-robot/dist/post-robot.js" {
	interface Message {
		data: unknown;
		source: Window;
		origin: string;
	}
	interface Options {
		window?: Window;
		domain?: string;
		timeout?: number;
	}
	export function on(name: string, options: Options, handler: (message: Message) => void): { cancel(): void };
	export function send(window: Window, name: string, data?: unknown, options?: Options): Promise<Message>;
}

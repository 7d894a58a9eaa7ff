/** What the code in recipes takes from the reader's own program, and packages this project does not install. */

declare module 'compression';
declare module 'cors';
declare module 'express';
declare module 'express-session';
declare module 'redis';
declare module '@socket.io/sticky';
declare module '@socket.io/redis-adapter';

// biome-ignore lint/suspicious/noExplicitAny: Lambda's runtime global has no types here.
declare const awslambda: any;
// biome-ignore lint/suspicious/noExplicitAny: an Express application and response, whose types are not installed.
declare const app: any, res: any;
declare function answer(prompt: unknown): AsyncIterable<string>;
declare function subscribe(listener: (event: unknown) => void): () => void;
declare function handle(
  request: import('node:http').IncomingMessage,
  response: import('node:http').ServerResponse,
): void;

interface ServerEvent {
  event?: string;
  id?: string;
  data: string;
}
/** The reader of `missing-abort`, which other recipes build on. */
declare function readEvents(
  url: string,
  options: RequestInit & { idleMs?: number; onEvent(event: ServerEvent): void },
): Promise<boolean>;

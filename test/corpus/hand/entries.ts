import { type EntryOptions, harEntry, harFile } from '../../support/har';

// HAR entries as browsers export them from pages behind real gateways, written by hand from the gateways' own documents.

export const HTML = 'text/html';
export const JSON_TYPE = 'application/json';

/** Headers by which platforms sign their answers. */
export const SIGNED = {
  restApi: {
    'x-amzn-requestid': 'b7c1a2d3-0000-4000-8000-1c2d3e4f5a6b',
    'x-amz-apigw-id': 'Lq3mXGKWoAMEuFg=',
    'x-amzn-errortype': 'InternalServerErrorException',
  },
  httpApi: { 'apigw-requestid': 'Lq3mXGKWoAMEuFg=' },
  alb: { server: 'awselb/2.0' },
  cloudfront: {
    server: 'CloudFront',
    via: '1.1 8f2a.cloudfront.net (CloudFront)',
    'x-cache': 'Error from cloudfront',
    'x-amz-cf-pop': 'FRA56-P4',
    'x-amz-cf-id': 'Xk3vQ==',
  },
  cloudflare: { server: 'cloudflare', 'cf-ray': '8c1f0a2b3c4d5e6f-FRA' },
  heroku: { server: 'Cowboy', via: '1.1 vegur' },
  vercel: { server: 'Vercel', 'x-vercel-id': 'fra1::iad1::abcde-1790000000000-0123456789ab' },
  cloudRun: { server: 'Google Frontend', 'x-cloud-trace-context': '105445aa7843bc8bf206b12000100000/1' },
  googleLb: { via: '1.1 google' },
  appRunner: { server: 'envoy', 'x-envoy-upstream-service-time': '119998' },
  envoy: { server: 'envoy' },
  istio: { server: 'istio-envoy', 'x-envoy-upstream-service-time': '7' },
  nginx: { server: 'nginx/1.24.0' },
  fly: { server: 'Fly/4f3a1b (2026-03-01)', via: '1.1 fly.io', 'fly-request-id': '01HX' },
  railway: { 'x-railway-edge': 'railway/us-east4', 'x-railway-request-id': 'QmF6' },
  netlify: { server: 'Netlify', 'x-nf-request-id': '01HX' },
  azureFrontDoor: { 'x-azure-ref': '20260301T100000Z-abc' },
} as const;

export const HOSTS = {
  restApi: 'https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod',
  alb: 'https://web-1234567890.eu-west-1.elb.amazonaws.com',
  cloudfront: 'https://d111111abcdef8.cloudfront.net',
  heroku: 'https://calm-river-12345.herokuapp.com',
  vercel: 'https://gauge.vercel.app',
  cloudRun: 'https://gauge-7q2x4ab3ua-ew.a.run.app',
  appRunner: 'https://k3v9x2m7qa.us-east-1.awsapprunner.com',
  azure: 'https://gauge.azurewebsites.net',
  own: 'https://api.gauge.example',
} as const;

/** The request of a chat page: a question put by POST, an event stream asked for. */
export const chatRequest: EntryOptions = {
  method: 'POST',
  requestHeaders: { accept: 'text/event-stream', 'content-type': JSON_TYPE },
  more: {},
};

/** An answer that a gateway gave in the application's place. */
export function refusal(
  url: string,
  waitMs: number,
  status: number,
  signature: Record<string, string>,
  body: string,
  contentType: string = HTML,
  more: EntryOptions = {},
): Record<string, unknown> {
  return harEntry({
    ...chatRequest,
    url: `${url}/chat`,
    wait: waitMs,
    receive: 2,
    status,
    contentType,
    responseHeaders: signature,
    text: body,
    ...more,
  });
}

export interface StreamOptions extends EntryOptions {
  /** Times of events, ms after the request. */
  at: number[];
  /** When it was over. */
  endMs: number;
  /** Data of one event. */
  data?(index: number): string;
}

/** An event stream whose events came at these times. */
export function streamEntry({
  at,
  endMs,
  data = (index) => `{"delta":" word ${index}"}`,
  ...rest
}: StreamOptions): Record<string, unknown> {
  const wait = rest.wait ?? 90;
  return harEntry({
    ...chatRequest,
    ...rest,
    wait,
    receive: endMs - wait - 3,
    events: at.map((ms, index) => [ms, data(index)]),
    text: at.map((_, index) => `data: ${data(index)}\n\n`).join(''),
  });
}

/** Every `gapMs` from `fromMs`, so many. */
export const every = (gapMs: number, count: number, fromMs = 200): number[] =>
  Array.from({ length: count }, (_, index) => fromMs + index * gapMs + (index % 3) * gapMs * 0.07);

/** The same entries as Firefox exports them: no event times, no error names, no resource types. */
export function asFirefox(entries: Record<string, unknown>[]): Record<string, unknown> {
  const without = (value: Record<string, unknown>, names: string[]) =>
    Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
  const shown = entries.map((entry) => ({
    ...without(entry, ['_initiator', '_priority', '_resourceType', '_connectionId', '_eventSourceMessages']),
    response: without(entry.response as Record<string, unknown>, ['_transferSize', '_error']),
  }));
  return harFile(shown, {
    creator: { name: 'Firefox', version: '139.0' },
    browser: { name: 'Firefox', version: '139.0' },
  });
}

export { harEntry, harFile };

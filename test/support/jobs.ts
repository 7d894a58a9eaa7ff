import { drawTrace } from './draw';

export interface JobOptions {
  /** Page is https://app.test/. */
  api?: string;
  /** Request options, drawn: "credentials=include / cookie: a=b". */
  ask?: (poll: number) => string;
  /** Response options, drawn: "set-cookie: AWSALB=1; Path=/". Poll 0 is the creating call. */
  answer?: (poll: number) => string;
  created?: string;
  accept?: string;
}

/**
 * A job that one POST creates and that is polled once a second. `polls` draws the answers: a state, or a status with an
 * optional state ("404", "200 running").
 */
export function drawJob(polls: string[], options: JobOptions = {}) {
  const api = options.api ?? 'https://api.example.org';
  const ask = (poll: number) => (options.ask?.(poll) ? ` / ${options.ask(poll)}` : '');
  const answer = (poll: number) => (options.answer?.(poll) ? ` / ${options.answer(poll)}` : '');
  const created = options.created ?? '{"job_id":"abc12345","status":"queued"}';
  const streams = [
    `ask fetch POST ${api}/chat/stream / accept: ${options.accept ?? 'application/json'}${ask(0)}
     40 headers 200 application/json${answer(0)}
     42 raw ${created}
     43 end`,
    ...polls.map((poll, index) => {
      const [status, state] = /^\d{3}/.test(poll) ? poll.split(' ') : ['200', poll];
      const body = state ? `{"job_id":"abc12345","status":"${state}"}` : '{"detail":"Job not found"}';
      const at = 1000 * (index + 1);
      return `${at} ask fetch GET ${api}/jobs/abc12345${ask(index + 1)}
              ${at + 30} headers ${status} application/json${answer(index + 1)}
              ${at + 31} raw ${body}
              ${at + 32} end`;
    }),
  ];
  return drawTrace(streams);
}

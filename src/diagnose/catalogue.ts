import type { RuleId } from '../trace/ids';
import type { Rule } from './rule';
import { batchedStream } from './rules/batched-stream';
import { bufferedStream } from './rules/buffered-stream';
import { compressedStream } from './rules/compressed-stream';
import { connectionLimit } from './rules/connection-limit';
import { connectionLost } from './rules/connection-lost';
import { corsCredentials } from './rules/cors-credentials';
import { downgradedStream } from './rules/downgraded-stream';
import { durationCap } from './rules/duration-cap';
import { gatewayTimeout } from './rules/gateway-timeout';
import { http2ProtocolError } from './rules/http2-protocol-error';
import { idleCut } from './rules/idle-cut';
import { incompleteStream } from './rules/incomplete-stream';
import { lostJob } from './rules/lost-job';
import { maskedStatus } from './rules/masked-status';
import { missingAbort } from './rules/missing-abort';
import { missingAffinity } from './rules/missing-affinity';
import { missingHeartbeat } from './rules/missing-heartbeat';
import { missingStreamHeaders } from './rules/missing-stream-headers';
import { omittedCredentials } from './rules/omitted-credentials';
import { pingTimeout } from './rules/ping-timeout';
import { reconnectLoop } from './rules/reconnect-loop';
import { refusedUpgrade } from './rules/refused-upgrade';
import { slowFirstByte } from './rules/slow-first-byte';
import { splitEvent } from './rules/split-event';
import { stalledStream } from './rules/stalled-stream';
import { stuckPolling } from './rules/stuck-polling';
import { unknownSession } from './rules/unknown-session';
import { unreturnedCookie } from './rules/unreturned-cookie';
import { websocketFirst } from './rules/websocket-first';
import { wrongContentType } from './rules/wrong-content-type';

/** Every rule there is, one line each, in the order of `RULE_IDS`. test/architecture/catalogue.test.ts keeps it whole. */
export const RULES: readonly Rule[] = [
  bufferedStream,
  batchedStream,
  compressedStream,
  slowFirstByte,
  missingStreamHeaders,
  gatewayTimeout,
  idleCut,
  durationCap,
  missingHeartbeat,
  stalledStream,
  http2ProtocolError,
  connectionLost,
  incompleteStream,
  wrongContentType,
  reconnectLoop,
  maskedStatus,
  splitEvent,
  missingAbort,
  lostJob,
  missingAffinity,
  omittedCredentials,
  unreturnedCookie,
  corsCredentials,
  downgradedStream,
  refusedUpgrade,
  stuckPolling,
  websocketFirst,
  unknownSession,
  pingTimeout,
  connectionLimit,
];

export function ruleById(id: RuleId): Rule | undefined {
  return RULES.find((rule) => rule.id === id);
}

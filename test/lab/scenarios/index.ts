import { BROKEN } from './broken.ts';
import { BUFFERING } from './buffering.ts';
import { HEALTHY } from './healthy.ts';
import type { Spec } from './spec.ts';

export const SPECS: Spec[] = [...HEALTHY, ...BUFFERING, ...BROKEN];

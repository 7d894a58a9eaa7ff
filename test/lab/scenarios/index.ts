import { BROKEN } from './broken.ts';
import { BUFFERING } from './buffering.ts';
import { DOWNGRADES } from './downgrades.ts';
import { HEALTHY } from './healthy.ts';
import type { Spec } from './spec.ts';
import { STICKY } from './sticky.ts';

export const SPECS: Spec[] = [...HEALTHY, ...BUFFERING, ...BROKEN, ...STICKY, ...DOWNGRADES];

import { handOver } from './hand-over';

handOver();

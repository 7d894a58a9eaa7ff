import { handOver } from './hand-over';
import { installTap } from './install';

handOver(installTap);

import bridge from '../bridge/bridge.iife?script&iife';
import tap from '../tap/tap.iife?script&iife';

console.log(tap, bridge);

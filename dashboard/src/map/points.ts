/** A device as a point of the map: its symbol, its layer, and which lies over which. Pure. */

import type { DevicePoint } from "../contract";
import type { Device } from "../devices";
import { layerOf } from "../shown";
import { shapeOf, symbolName } from "./symbols";

const STATE_ORDER = { silent: 0, stale: 1, live: 2, "lamp-on": 3, "lamp-failed": 5 } as const;
const FLAG_ORDER = { good: 0, suspect: 1.2, fail: 2.2 } as const; // over those that are well

/** The point of a device; none where it has no place. */
export function pointOf(device: Device): DevicePoint[] {
  if (device.lon === null || device.lat === null) return [];
  const shape = shapeOf(device.profile);
  const properties = {
    code: device.code,
    symbol: symbolName(shape, device.state, device.flag),
    layer: layerOf(device.profile),
    order: STATE_ORDER[device.state] + FLAG_ORDER[device.flag] + (shape === "station" ? 4 : 0),
    weight:
      shape === "station" || device.state === "lamp-failed" || device.flag !== "good" ? 1.5 : 1,
  };
  const geometry = { type: "Point" as const, coordinates: [device.lon, device.lat] };
  return [{ type: "Feature", id: device.code, geometry, properties }];
}

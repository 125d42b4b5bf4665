// Leaflet; the crate `leaflet` looks for it as the global `L`.
import L from "leaflet";

// Leaflet's own marker is a picture it would look for beside the page; ours is drawn by the style sheet.
L.Marker.mergeOptions({ icon: L.divIcon({ className: "map-pin" }) });

L.Control.Zoom.mergeOptions({ zoomInTitle: "放大", zoomOutTitle: "缩小" });

window.L = L;

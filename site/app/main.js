import { Controller } from "./controller.js";

const device = new URLSearchParams(location.search).get("device") ?? "auto";
new Controller(device).open();

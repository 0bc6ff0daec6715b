/** Starts the page. */

import { App } from "./app";
import "./style.css";
import { World } from "./world";

const root = document.getElementById("app");
if (!root) throw new Error("index.html has no element with id app");
new App(root, new World("/api/v1/stream")).start();

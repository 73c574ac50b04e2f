import { encodeLink } from "../lib/link.js";
import { byId } from "./element.js";
import { icon } from "./icons.js";
import { text } from "./strings.js";

/** What can be done with the picture in view: to save it, to copy it, and to copy a link that makes it again. */
export class Share {
  #picture;
  #say;

  /**
   * @param {import("./picture.js").Picture} picture
   * @param {(message: string) => void} say
   */
  constructor(picture, say) {
    this.#picture = picture;
    this.#say = say;
    byId("download").prepend(icon("save"));
    byId("copy-image").prepend(icon("copy"));
    byId("copy-link").prepend(icon("link"));
    byId("copy-image").addEventListener("click", () => this.#try(text.share.image, () => this.#copyImage()));
    byId("copy-link").addEventListener("click", () => this.#try(text.share.link, () => this.#copyLink()));
  }

  /** Saves the picture in view. */
  save() {
    if (this.#picture.made) byId("download").click();
  }

  async #try(done, run) {
    try {
      await run();
      this.#say(done);
    } catch (error) {
      this.#say(text.share.refused(error));
    }
  }

  #copyImage() {
    return navigator.clipboard.write([new ClipboardItem({ "image/png": this.#picture.made.blob })]);
  }

  #copyLink() {
    return navigator.clipboard.writeText(encodeLink(location.href.replace(/#.*/, ""), this.#picture.made.request));
  }
}

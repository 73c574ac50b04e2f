// Code generated from counterpoint.js by "make types". DO NOT EDIT.
/**
 * A failure that a program can tell apart by its code: those of engine/session/PROTOCOL.md, section 3, "network" (something of the
 * app itself could not be fetched) and "closed" (the model was disposed of).
 */
export class CounterpointError extends Error {
    /** @param {{code: string, message: string, hint?: string, field?: string, column?: number, length?: number}} head */
    constructor({ code, message, hint, field, column, length }: {
        code: string;
        message: string;
        hint?: string;
        field?: string;
        column?: number;
        length?: number;
    });
    /** @type {string} */
    code: string;
    /** @type {string|undefined} what to do instead, for a person */
    hint: string | undefined;
    /** @type {string|undefined} the option at fault */
    field: string | undefined;
    /** @type {number|undefined} of a "syntax" error: where in the prompt, in code points from 1 */
    column: number | undefined;
    /** @type {number|undefined} of what is at fault there, in code points */
    length: number | undefined;
}
/**
 * An open model on a device. It is a function too: `await cp(prompt, options)` is `await cp.generate(prompt, options)`. One request
 * for pictures is answered at a time; another meanwhile fails with code "busy", unless the first was aborted.
 */
export class Counterpoint extends Callable {
    /**
     * Opens a packed model.
     * @param {string|URL|undefined} url of its folder, with manifest.json and shards, relative to the page; with none, the
     *   shards are in storage
     * @param {object} [options]
     * @param {"auto"|"webgpu"|"cpu"|"wasm"} [options.device] auto, the default: a GPU that passes a self-test, else the CPU; wasm
     *   is another name of cpu
     * @param {(event: ProgressEvent) => void} [options.progress_callback]
     * @param {AbortSignal} [options.signal] stops it; then it rejects with the signal's reason
     * @param {ArrayBuffer} [options.manifest] manifest.json, which then is not fetched
     * @param {(manifest: ArrayBuffer) => void|Promise<void>} [options.before_shards] waited for before the first shard, when the
     *   device has passed its self-test
     * @param {Record<string, string|URL>} [options.with] models to open beside it, by name, as the method with does
     * @returns {Promise<Counterpoint & Generate>}
     * @throws {CounterpointError} or the signal's reason
     */
    static from_pretrained(url: string | URL | undefined, { device, progress_callback, before_shards, signal, manifest, with: beside }?: {
        device?: "auto" | "cpu" | "webgpu" | "wasm" | undefined;
        progress_callback?: ((event: ProgressEvent) => void) | undefined;
        signal?: AbortSignal | undefined;
        manifest?: ArrayBuffer | undefined;
        before_shards?: ((manifest: ArrayBuffer) => void | Promise<void>) | undefined;
        with?: Record<string, string | URL> | undefined;
    }): Promise<Counterpoint & Generate>;
    /** @private use from_pretrained */
    private constructor();
    /** @type {Model} */
    model: Model;
    /** @type {Device} what it runs on; another one after a GPU was lost */
    device: Device;
    /** @type {Model[]} those beside it, by name, which prompts have for them (as) */
    models: Model[];
    /**
     * Opens another model beside this one. Terms that begin with its name, "objects: a red cube", are scored by it. The two have to
     * share the autoencoder and the noise levels, else it fails with code "mismatch" before weights are loaded.
     * @param {string} name lower-case letters, digits, "-" and "_", a letter first; another model of that name gives way
     * @param {string|URL|undefined} url of its folder; with none, its shards are in storage
     * @param {object} [options]
     * @param {AbortSignal} [options.signal]
     * @param {ArrayBuffer} [options.manifest] manifest.json, which then is not fetched
     * @param {(manifest: ArrayBuffer) => void|Promise<void>} [options.before_shards] waited for before its first shard
     * @returns {Promise<Model>}
     * @throws {CounterpointError} or the signal's reason
     */
    with(name: string, url: string | URL | undefined, { signal, manifest, before_shards }?: {
        signal?: AbortSignal | undefined;
        manifest?: ArrayBuffer | undefined;
        before_shards?: ((manifest: ArrayBuffer) => void | Promise<void>) | undefined;
    }): Promise<Model>;
    /**
     * Takes a name away, and frees its model unless that has another one.
     * @param {string} name
     * @throws {CounterpointError}
     */
    without(name: string): Promise<void>;
    /**
     * Makes pictures.
     * @param {string} prompt
     * @param {Options} [options]
     * @returns {Promise<Result>}
     * @throws {CounterpointError} or the signal's reason
     */
    generate(prompt: string, options?: Options): Promise<Result>;
    /**
     * Makes pictures, and tells of each step. Leaving the loop, or aborting the signal, stops it within a step; what is loaded
     * stays. Of a preview, pixels is ready to be drawn; of a picture, blob is a PNG file with its recipe inside.
     * @param {string} prompt
     * @param {Options & Previews} [options]
     * @returns {AsyncGenerator<Event, void, void>}
     * @throws {CounterpointError} or the signal's reason
     */
    stream(prompt: string, { signal, keep, preview_every, maps_every, image, mask_image, ...fields }?: Options & Previews): AsyncGenerator<Event, void, void>;
    /**
     * Says what a prompt means. Computes nothing, so it is answered while pictures are made, too.
     * @param {string} prompt
     * @param {Options} [options] as stream's; of pictures nothing is read, evaluations are those of strength
     * @returns {Promise<Explained>}
     * @throws {CounterpointError} or the signal's reason
     */
    explain(prompt: string, { signal, image, mask_image, ...fields }?: Options): Promise<Explained>;
    /** Frees everything: workers, memory, the device. What is under way, and all that is asked later, fails with code "closed". */
    dispose(): void;
    #private;
}
/**
 * What to make. Fields that are absent or 0 take the model's defaults.
 */
export type Fields = {
    /**
     * what scores are measured against
     */
    negative_prompt?: string | undefined;
    /**
     * of the first picture, an integer up to 2^53-1; picture i has seed + i (but see best_of). 0 is a seed
     * like any other: choosing one at random is the page's part
     */
    seed?: number | undefined;
    /**
     * of the sampler
     */
    steps?: number | undefined;
    /**
     * steps to run of those before decoding what the network makes of the picture by then; 0 for all
     */
    stop_after?: number | undefined;
    /**
     * multiplies every term's weight
     */
    guidance_scale?: number | undefined;
    /**
     * cap of the positive terms' total; negative for none
     */
    max_guidance?: number | undefined;
    /**
     * kind of NOT; signed if absent
     */
    negation?: "signed" | "perp" | "gated" | undefined;
    /**
     * of gated NOT: share of all pictures that show what is negated; 1/2 if absent
     */
    negation_prior?: number | undefined;
    /**
     * of gated NOT: bound of its weight; 4 if absent
     */
    negation_max_gate?: number | undefined;
    /**
     * CFG++: guidance_scale is then from 0 to 1, 0.6 if absent
     */
    cfg_plus_plus?: boolean | undefined;
    /**
     * share of the result brought back to the contrast of unguided pictures, 0 to 1
     */
    guidance_rescale?: number | undefined;
    /**
     * where the guided part of the run begins, in fractions of its steps
     */
    guidance_start?: number | undefined;
    /**
     * where it ends
     */
    guidance_stop?: number | undefined;
    /**
     * adaptive projected guidance; not with guidance_rescale
     */
    apg?: boolean | undefined;
    /**
     * what it keeps of the part along the prediction, 0 to 1
     */
    apg_eta?: number | undefined;
    /**
     * bound of the direction's norm, in latents; none if absent
     */
    apg_norm_threshold?: number | undefined;
    /**
     * make the batch one population, drawn anew as it is made
     */
    particles?: boolean | undefined;
    /**
     * bound of the log-weights' distance from their mean, to 40; 1 if absent
     */
    particles_clamp?: number | undefined;
    /**
     * share of the batch below which the effective sample size has to fall for that
     */
    resample_below?: number | undefined;
    /**
     * estimate whether the pictures show the terms: looking again, or along the run at no cost
     */
    verify?: "fresh" | "cached" | undefined;
    /**
     * make so many candidates for each picture, and keep the one whose weakest term holds most clearly
     */
    best_of?: number | undefined;
    /**
     * how terms count along the run
     */
    weights?: "constant" | "learnt" | undefined;
    /**
     * of concepts that the prompt gives none
     */
    places?: "drawn" | "given" | undefined;
    /**
     * how far around its place a thing is heard, as a standard deviation in shorter sides; negative for everywhere; if absent the model's, or everywhere
     */
    reach?: number | undefined;
    /**
     * one of the model's samplers
     */
    sampler?: string | undefined;
    /**
     * spacing of noise levels; the model's own if absent
     */
    scheduler?: "exponential" | "leading" | "trailing" | "linspace" | "karras" | undefined;
    /**
     * moves at each noise level; if absent the model's own, with its own sampler
     */
    corrector?: "none" | "ula" | "mala" | "uhmc" | "hmc" | undefined;
    /**
     * at a level; the model's with its own corrector, else 5 if absent
     */
    corrector_moves?: number | undefined;
    /**
     * step size in units of β; 1/2 if absent
     */
    corrector_step?: number | undefined;
    /**
     * share of the steps after which moves end; all if absent
     */
    corrector_until?: number | undefined;
    /**
     * DDIM's
     */
    eta?: number | undefined;
    /**
     * with an image: share of the steps that are made, the last ones; 0.8 if absent, with a mask 1. With hires of the second run; ½ if absent
     */
    strength?: number | undefined;
    /**
     * make the picture so many times smaller first, and begin with that, enlarged (A1111's "Hires. fix"); 1 for not so, the model's own way if absent
     */
    hires?: number | undefined;
    /**
     * with a mask: pixels in which its edge fades, inwards; 1/128 of the shorter side if absent
     */
    mask_blur?: number | undefined;
    /**
     * of the image, in a recipe: 64 hexadecimal digits; makes the very picture necessary
     */
    image_sha256?: string | undefined;
    /**
     * the same of mask_image
     */
    mask_image_sha256?: string | undefined;
    /**
     * pixels, a multiple of the model's; with an image and neither side given, the image's
     */
    width?: number | undefined;
    /**
     * pixels, the same
     */
    height?: number | undefined;
    /**
     * number of pictures
     */
    batch?: number | undefined;
};
/**
 * a recipe: with its fields filled in, it makes the same pictures again
 */
export type Request = Fields & {
    prompt: string;
};
/**
 * larger than 2048 pixels a side it is scaled down
 */
export type ImageLike = Blob | ImageBitmap | ImageData | CanvasImageSource;
/**
 * An open model.
 */
export type Model = {
    /**
     * of one beside another: the name that prompts have for it
     */
    as?: string | undefined;
    name: string;
    /**
     * SHA-256 of its manifest, 64 hexadecimal digits
     */
    hash: string;
    /**
     * how its weights are stored: "int8"
     */
    profile: string;
    license?: string | undefined;
    attribution?: string | undefined;
    defaults: Fields;
    /**
     * the words it knows, sorted; empty if it takes any
     */
    vocabulary: string[];
    samplers: string[];
    /**
     * of which width and height are multiples, in pixels
     */
    multiple: number;
    /**
     * whether concepts can be given places
     */
    places: boolean;
    /**
     * whether it has previews
     */
    previews: boolean;
    /**
     * whether it can begin with an image
     */
    images: boolean;
    /**
     * on the device
     */
    weight_bytes: number;
};
/**
 * What a model runs on.
 */
export type Device = {
    name: "webgpu" | "cpu";
    /**
     * "Apple M2 (Metal)"
     */
    adapter: string;
    /**
     * why this one, a sentence for a person
     */
    why: string;
    /**
     * squared error over the squared result of each operator; empty on
     * the CPU, the judge
     */
    self_test: {
        operator: string;
        error: number;
    }[];
    /**
     * on the CPU: how many more workers took part in the last picture
     */
    helpers?: number | undefined;
};
/**
 * fractions of the picture's width and height, y down
 */
export type Point = {
    x: number;
    y: number;
};
/**
 * the same
 */
export type Box = {
    x0: number;
    x1: number;
    y0: number;
    y1: number;
};
/**
 * what each step evaluates once
 */
export type Row = {
    text: string;
    /**
     * where the prompt gives one
     */
    place?: Point | undefined;
    /**
     * where it counts in one alone
     */
    region?: Box | undefined;
    /**
     * what its score is multiplied by; all of them add up to 1
     */
    coef: number;
    unconditional?: boolean | undefined;
    /**
     * that evaluates it, by its name in prompts; absent of the open one
     */
    model?: string | undefined;
};
/**
 * how much more a picture shows of a row than pictures do that nothing is asked of
 */
export type Lift = {
    /**
     * its index
     */
    row: number;
    /**
     * estimate of log p(picture|row)/p(picture)
     */
    nats: number;
    /**
     * that in units of its mean in the row's own pictures
     */
    score: number;
    /**
     * the score is above 0, or, of a row with a negative coef, below
     */
    holds: boolean;
};
/**
 * of something in a prompt
 */
export type Warning = {
    /**
     * in code points, from 1
     */
    column: number;
    /**
     * in UTF-8 bytes, from 0
     */
    offset: number;
    kind: "weight" | "emphasis" | "separator" | "word" | "model";
    /**
     * for a person
     */
    message: string;
    /**
     * what to write instead
     */
    hint?: string | undefined;
    /**
     * that the model does not know
     */
    word?: string | undefined;
    /**
     * a known one near it
     */
    instead?: string | undefined;
};
/**
 * a prompt as it was read
 */
export type Tree = {
    op: "term" | "and" | "or" | "not";
    /**
     * in code points, from 1
     */
    column: number;
    /**
     * where it stands in the prompt, in code points from 0, the end excluded
     */
    span: [number, number];
    weight: number;
    /**
     * what suffixes belong to
     */
    body?: string | undefined;
    /**
     * of a term: the model that it names
     */
    model?: string | undefined;
    /**
     * of a term: what the model reads
     */
    text?: string | undefined;
    place?: Point | undefined;
    region?: Box | undefined;
    /**
     * fractions of the steps
     */
    range?: {
        from: number;
        to: number;
    } | undefined;
    operands?: Tree[] | undefined;
};
/**
 * for each row: what of it was put where; null for anywhere
 */
export type Places = ((Point & {
    text: string;
})[] | null)[];
/**
 * What a prompt means.
 */
export type Explained = {
    type: "explained";
    /**
     * with all defaults filled in
     */
    request: Request;
    tree: Tree;
    rows: Row[];
    /**
     * of the first picture
     */
    places: Places;
    /**
     * of tokens, for each row: 1, or more where the model reads long texts whole
     */
    chunks: number[];
    /**
     * how the rows' scores are combined, on one or more lines
     */
    formula: string;
    /**
     * the positive terms' total, as applied
     */
    guidance: number;
    /**
     * the same before max_guidance capped it
     */
    asked: number;
    /**
     * of the network, for one picture
     */
    evaluations: number;
    warnings: Warning[];
};
/**
 * How far a generation is: after the texts, each step, each level of verify and each picture.
 */
export type StepEvent = {
    type: "event";
    /**
     * what was just done
     */
    phase: "encoding" | "denoising" | "verifying" | "decoding";
    /**
     * how many of it
     */
    step: number;
    /**
     * of how many
     */
    steps: number;
    /**
     * seconds since the request
     */
    elapsed: number;
    /**
     * estimate of the seconds to the end; absent until there is one, after the second step
     */
    left?: number | undefined;
};
/**
 * what a picture will be like, small and rough: one pixel a latent cell
 */
export type PreviewEvent = {
    type: "preview";
    /**
     * of the picture in the batch, from 0
     */
    index: number;
    /**
     * steps done
     */
    step: number;
    /**
     * pixels
     */
    width: number;
    /**
     * pixels
     */
    height: number;
    pixels: ImageData;
};
/**
 * where each term pulls in a step
 */
export type MapsEvent = {
    type: "maps";
    /**
     * of the picture in the batch, from 0; with best_of, of all candidates
     */
    index: number;
    /**
     * steps done
     */
    step: number;
    /**
     * latent cells
     */
    width: number;
    /**
     * latent cells
     */
    height: number;
    terms: TermMap[];
};
export type TermMap = {
    /**
     * index into rows
     */
    row: number;
    /**
     * ‖w·d‖ of each cell, row after row: the norm of the term's weighted direction
     */
    pull: Float32Array;
    /**
     * what the picture would become with this term alone, of a NOT what is driven off; none where it is off
     */
    pixels?: ImageData | undefined;
};
/**
 * a finished picture
 */
export type PictureEvent = {
    type: "picture";
    /**
     * in the batch, from 0
     */
    index: number;
    /**
     * that makes this picture alone, but for particles
     */
    seed: number;
    /**
     * pixels
     */
    width: number;
    /**
     * pixels
     */
    height: number;
    /**
     * a PNG file, with its recipe inside
     */
    blob: Blob;
    output: string[];
    /**
     * of particles: which picture of the batch this one began as
     */
    ancestor?: number | undefined;
    /**
     * if verify asks for them: of each row but the unconditional one
     */
    lifts?: Lift[] | undefined;
    places: Places;
};
/**
 * the last one
 */
export type DoneEvent = {
    type: "done";
    /**
     * the recipe, with all defaults filled in
     */
    request: Request;
    /**
     * hash: the first ten
     * digits of the manifest's
     */
    model: {
        name: string;
        hash: string;
        profile: string;
        license?: string;
        attribution?: string;
    };
    /**
     * those that
     * the prompt names
     */
    models?: {
        as: string;
        name: string;
        hash: string;
        profile: string;
        license?: string;
        attribution?: string;
    }[] | undefined;
    rows: Row[];
    warnings: Warning[];
    /**
     * share of the corrector's moves that passed their tests
     */
    accepted?: number | undefined;
    /**
     * of particles: the least effective sample size of the run
     */
    effective?: number | undefined;
    /**
     * seconds
     */
    elapsed: number;
};
/**
 * the device is gone; it is opened again, and the run goes on
 */
export type LostEvent = {
    type: "lost";
    /**
     * steps that need not be made again
     */
    step: number;
    /**
     * what the device says
     */
    message: string;
};
export type Event = StepEvent | PreviewEvent | MapsEvent | PictureEvent | LostEvent | DoneEvent;
/**
 * How the opening of a model goes: the device once it has passed its self-test, then shards as they come, all in bytes; and
 * lost where the device is gone and will be opened again.
 */
export type ProgressEvent = {
    status: "device";
    device: Device;
} | {
    status: "lost";
    step: number;
} | LoadEvent;
export type LoadEvent = {
    status: "progress_total";
    /**
     * the name of one beside the open one, if these are its shards
     */
    model?: string | undefined;
    /**
     * 0 to 100
     */
    progress: number;
    loaded: number;
    total: number;
    /**
     * came from there
     */
    network: number;
    /**
     * came from this browser's storage
     */
    storage: number;
    /**
     * how many stored files were damaged, and fetched anew
     */
    mended: number;
    /**
     * why nothing is kept in storage, for a person; empty while it is
     */
    refused: string;
};
export type Generate = (prompt: string, options?: Options | undefined) => Promise<Result>;
export type Aids = {
    /**
     * stops it; then it rejects with the signal's reason
     */
    signal?: AbortSignal | undefined;
    /**
     * ends the making at the present step; the picture is what there is of it by then
     */
    keep?: AbortSignal | undefined;
    /**
     * to begin with
     */
    image?: ImageLike | undefined;
    /**
     * white where the image is made anew, black where it is kept
     */
    mask_image?: ImageLike | undefined;
};
export type Options = Fields & Aids;
/**
 * steps from one preview, or from maps, to the next; 0, the default, for none
 */
export type Previews = {
    preview_every?: number;
    maps_every?: number;
};
export type Result = {
    /**
     * PNG files, each with its recipe inside
     */
    images: Blob[];
    /**
     * of the first
     */
    seed: number;
    /**
     * of all, with all defaults filled in
     */
    recipe: Request;
    warnings: Warning[];
};
/** Makes instances functions, which do what their generate does. (Function itself compiles text, which policies forbid.) */
declare class Callable {
}
export {};

// Types of what counterpoint.js takes and gives, for its declarations (counterpoint.d.ts): nothing here runs, and no page loads
// it. The fields are those of engine/session/PROTOCOL.md, which a test holds them to.

/**
 * What to make. Fields that are absent or 0 take the model's defaults.
 * @typedef {object} Fields
 * @property {string} [negative_prompt] what scores are measured against
 * @property {number} [seed] of the first picture, an integer up to 2^53-1; picture i has seed + i (but see best_of). 0 is a seed
 *   like any other: choosing one at random is the page's part
 * @property {number} [steps] of the sampler
 * @property {number} [stop_after] steps to run of those before decoding what the network makes of the picture by then; 0 for all
 * @property {number} [guidance_scale] multiplies every term's weight
 * @property {number} [max_guidance] cap of the positive terms' total; negative for none
 * @property {"signed"|"perp"|"gated"} [negation] kind of NOT; signed if absent
 * @property {number} [negation_prior] of gated NOT: share of all pictures that show what is negated; 1/2 if absent
 * @property {number} [negation_max_gate] of gated NOT: bound of its weight; 4 if absent
 * @property {boolean} [cfg_plus_plus] CFG++: guidance_scale is then from 0 to 1, 0.6 if absent
 * @property {number} [guidance_rescale] share of the result brought back to the contrast of unguided pictures, 0 to 1
 * @property {number} [guidance_start] where the guided part of the run begins, in fractions of its steps
 * @property {number} [guidance_stop] where it ends
 * @property {boolean} [apg] adaptive projected guidance; not with guidance_rescale
 * @property {number} [apg_eta] what it keeps of the part along the prediction, 0 to 1
 * @property {number} [apg_norm_threshold] bound of the direction's norm, in latents; none if absent
 * @property {boolean} [particles] make the batch one population, drawn anew as it is made
 * @property {number} [particles_clamp] bound of the log-weights' distance from their mean, to 40; 1 if absent
 * @property {number} [resample_below] share of the batch below which the effective sample size has to fall for that
 * @property {"fresh"|"cached"} [verify] estimate whether the pictures show the terms: looking again, or along the run at no cost
 * @property {number} [best_of] make so many candidates for each picture, and keep the one whose weakest term holds most clearly
 * @property {"constant"|"learnt"} [weights] how terms count along the run
 * @property {"drawn"|"given"} [places] of concepts that the prompt gives none
 * @property {number} [reach] how far around its place a thing is heard, as a standard deviation in shorter sides; negative for everywhere; if absent the model's, or everywhere
 * @property {string} [sampler] one of the model's samplers
 * @property {"leading"|"trailing"|"linspace"|"karras"|"exponential"} [scheduler] spacing of noise levels; the model's own if absent
 * @property {"ula"|"mala"|"uhmc"|"hmc"|"none"} [corrector] moves at each noise level; if absent the model's own, with its own sampler
 * @property {number} [corrector_moves] at a level; the model's with its own corrector, else 5 if absent
 * @property {number} [corrector_step] step size in units of β; 1/2 if absent
 * @property {number} [corrector_until] share of the steps after which moves end; all if absent
 * @property {number} [eta] DDIM's
 * @property {number} [strength] with an image: share of the steps that are made, the last ones; 0.8 if absent, with a mask 1. With hires of the second run; ½ if absent
 * @property {number} [hires] make the picture so many times smaller first, and begin with that, enlarged (A1111's "Hires. fix"); 1 for not so, the model's own way if absent
 * @property {number} [mask_blur] with a mask: pixels in which its edge fades, inwards; 1/128 of the shorter side if absent
 * @property {string} [image_sha256] of the image, in a recipe: 64 hexadecimal digits; makes the very picture necessary
 * @property {string} [mask_image_sha256] the same of mask_image
 * @property {number} [width] pixels, a multiple of the model's; with an image and neither side given, the image's
 * @property {number} [height] pixels, the same
 * @property {number} [batch] number of pictures
 */

/**
 * @typedef {Fields & {prompt: string}} Request a recipe: with its fields filled in, it makes the same pictures again
 */

/**
 * @typedef {Blob|ImageBitmap|ImageData|CanvasImageSource} ImageLike larger than 2048 pixels a side it is scaled down
 */

/**
 * An open model.
 * @typedef {object} Model
 * @property {string} [as] of one beside another: the name that prompts have for it
 * @property {string} name
 * @property {string} hash SHA-256 of its manifest, 64 hexadecimal digits
 * @property {string} profile how its weights are stored: "int8"
 * @property {string} [license]
 * @property {string} [attribution]
 * @property {Fields} defaults
 * @property {string[]} vocabulary the words it knows, sorted; empty if it takes any
 * @property {string[]} samplers
 * @property {number} multiple of which width and height are multiples, in pixels
 * @property {boolean} places whether concepts can be given places
 * @property {boolean} previews whether it has previews
 * @property {boolean} images whether it can begin with an image
 * @property {number} weight_bytes on the device
 */

/**
 * What a model runs on.
 * @typedef {object} Device
 * @property {"webgpu"|"cpu"} name
 * @property {string} adapter "Apple M2 (Metal)"
 * @property {string} why why this one, a sentence for a person
 * @property {{operator: string, error: number}[]} self_test squared error over the squared result of each operator; empty on
 *   the CPU, the judge
 * @property {number} [helpers] on the CPU: how many more workers took part in the last picture
 */

/**
 * @typedef {{x: number, y: number}} Point fractions of the picture's width and height, y down
 * @typedef {{x0: number, x1: number, y0: number, y1: number}} Box the same
 */

/**
 * @typedef {object} Row what each step evaluates once
 * @property {string} text
 * @property {Point} [place] where the prompt gives one
 * @property {Box} [region] where it counts in one alone
 * @property {number} coef what its score is multiplied by; all of them add up to 1
 * @property {boolean} [unconditional]
 * @property {string} [model] that evaluates it, by its name in prompts; absent of the open one
 */

/**
 * @typedef {object} Lift how much more a picture shows of a row than pictures do that nothing is asked of
 * @property {number} row its index
 * @property {number} nats estimate of log p(picture|row)/p(picture)
 * @property {number} score that in units of its mean in the row's own pictures
 * @property {boolean} holds the score is above 0, or, of a row with a negative coef, below
 */

/**
 * @typedef {object} Warning of something in a prompt
 * @property {number} column in code points, from 1
 * @property {number} offset in UTF-8 bytes, from 0
 * @property {"weight"|"emphasis"|"separator"|"word"|"model"} kind
 * @property {string} message for a person
 * @property {string} [hint] what to write instead
 * @property {string} [word] that the model does not know
 * @property {string} [instead] a known one near it
 */

/**
 * @typedef {object} Tree a prompt as it was read
 * @property {"term"|"and"|"or"|"not"} op
 * @property {number} column in code points, from 1
 * @property {[number, number]} span where it stands in the prompt, in code points from 0, the end excluded
 * @property {number} weight
 * @property {string} [body] what suffixes belong to
 * @property {string} [model] of a term: the model that it names
 * @property {string} [text] of a term: what the model reads
 * @property {Point} [place]
 * @property {Box} [region]
 * @property {{from: number, to: number}} [range] fractions of the steps
 * @property {Tree[]} [operands]
 */

/**
 * @typedef {((Point & {text: string})[]|null)[]} Places for each row: what of it was put where; null for anywhere
 */

/**
 * What a prompt means.
 * @typedef {object} Explained
 * @property {"explained"} type
 * @property {Request} request with all defaults filled in
 * @property {Tree} tree
 * @property {Row[]} rows
 * @property {Places} places of the first picture
 * @property {number[]} chunks of tokens, for each row: 1, or more where the model reads long texts whole
 * @property {string} formula how the rows' scores are combined, on one or more lines
 * @property {number} guidance the positive terms' total, as applied
 * @property {number} asked the same before max_guidance capped it
 * @property {number} evaluations of the network, for one picture
 * @property {Warning[]} warnings
 */

/**
 * How far a generation is: after the texts, each step, each level of verify and each picture.
 * @typedef {object} StepEvent
 * @property {"event"} type
 * @property {"encoding"|"denoising"|"verifying"|"decoding"} phase what was just done
 * @property {number} step how many of it
 * @property {number} steps of how many
 * @property {number} elapsed seconds since the request
 * @property {number} [left] estimate of the seconds to the end; absent until there is one, after the second step
 */

/**
 * @typedef {object} PreviewEvent what a picture will be like, small and rough: one pixel a latent cell
 * @property {"preview"} type
 * @property {number} index of the picture in the batch, from 0
 * @property {number} step steps done
 * @property {number} width pixels
 * @property {number} height pixels
 * @property {ImageData} pixels
 */

/**
 * @typedef {object} MapsEvent where each term pulls in a step
 * @property {"maps"} type
 * @property {number} index of the picture in the batch, from 0; with best_of, of all candidates
 * @property {number} step steps done
 * @property {number} width latent cells
 * @property {number} height latent cells
 * @property {TermMap[]} terms
 */

/**
 * @typedef {object} TermMap
 * @property {number} row index into rows
 * @property {Float32Array} pull ‖w·d‖ of each cell, row after row: the norm of the term's weighted direction
 * @property {ImageData} [pixels] what the picture would become with this term alone, of a NOT what is driven off; none where it is off
 */

/**
 * @typedef {object} PictureEvent a finished picture
 * @property {"picture"} type
 * @property {number} index in the batch, from 0
 * @property {number} seed that makes this picture alone, but for particles
 * @property {number} width pixels
 * @property {number} height pixels
 * @property {Blob} blob a PNG file, with its recipe inside
 * @property {string[]} output
 * @property {number} [ancestor] of particles: which picture of the batch this one began as
 * @property {Lift[]} [lifts] if verify asks for them: of each row but the unconditional one
 * @property {Places} places
 */

/**
 * @typedef {object} DoneEvent the last one
 * @property {"done"} type
 * @property {Request} request the recipe, with all defaults filled in
 * @property {{name: string, hash: string, profile: string, license?: string, attribution?: string}} model hash: the first ten
 *   digits of the manifest's
 * @property {{as: string, name: string, hash: string, profile: string, license?: string, attribution?: string}[]} [models] those that
 *   the prompt names
 * @property {Row[]} rows
 * @property {Warning[]} warnings
 * @property {number} [accepted] share of the corrector's moves that passed their tests
 * @property {number} [effective] of particles: the least effective sample size of the run
 * @property {number} elapsed seconds
 */

/**
 * @typedef {object} LostEvent the device is gone; it is opened again, and the run goes on
 * @property {"lost"} type
 * @property {number} step steps that need not be made again
 * @property {string} message what the device says
 */

/**
 * @typedef {StepEvent|PreviewEvent|MapsEvent|PictureEvent|LostEvent|DoneEvent} Event
 */

/**
 * How the opening of a model goes: the device once it has passed its self-test, then shards as they come, all in bytes; and
 * lost where the device is gone and will be opened again.
 * @typedef {{status: "device", device: Device}|{status: "lost", step: number}|LoadEvent} ProgressEvent
 */

/**
 * @typedef {object} LoadEvent
 * @property {"progress_total"} status
 * @property {string} [model] the name of one beside the open one, if these are its shards
 * @property {number} progress 0 to 100
 * @property {number} loaded
 * @property {number} total
 * @property {number} network came from there
 * @property {number} storage came from this browser's storage
 * @property {number} mended how many stored files were damaged, and fetched anew
 * @property {string} refused why nothing is kept in storage, for a person; empty while it is
 */

/**
 * @callback Generate
 * @param {string} prompt
 * @param {Options} [options]
 * @returns {Promise<Result>}
 */

/**
 * @typedef {object} Aids
 * @property {AbortSignal} [signal] stops it; then it rejects with the signal's reason
 * @property {AbortSignal} [keep] ends the making at the present step; the picture is what there is of it by then
 * @property {ImageLike} [image] to begin with
 * @property {ImageLike} [mask_image] white where the image is made anew, black where it is kept
 */

/**
 * @typedef {Fields & Aids} Options
 * @typedef {{preview_every?: number, maps_every?: number}} Previews steps from one preview, or from maps, to the next; 0, the default, for none
 */

/**
 * @typedef {object} Result
 * @property {Blob[]} images PNG files, each with its recipe inside
 * @property {number} seed of the first
 * @property {Request} recipe of all, with all defaults filled in
 * @property {Warning[]} warnings
 */

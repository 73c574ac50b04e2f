"""The sections of RESULTS.md: each a function from what was measured to blocks of markdown."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evaluate.cells import MOVES, REACH, STEPS, TABLE, Cell, Rule
from evaluate.published import DECIBELS, HEADLINE, NEGATION_KEPT, NEGATION_LEFT, UNSEEN_APART
from evaluate.tables import NOT_RUN, Share, code, commands, complement, difference, error, kendall
from evaluate.tables import markdown, number, percent, spearman

if TYPE_CHECKING:
    from evaluate.measured import Measured

TEMPLATE = Path(__file__).with_name("RESULTS.template.md")
Links = dict[str, str]  # of plots and sheets, by name
RUN = "python -m evaluate.run MODEL OUT --judges JUDGES --scenes TEST --unseen UNSEEN --engine COUNTERPOINT"
TASKS = {"places": (1, 2, 3, 5), "relations": (1, 2, 3), "background": (1, 2, 3)}
NAMES = {
    "places": "places",
    "relations": "relations",
    "background": "background AND objects",
    "binding": "binding, two objects",
}


def group(name: str) -> list[Cell]:
    return [c for c in TABLE if c.group == name]


def made_by(m: Measured, cells: Sequence[str], globs: str) -> list[str]:
    """The command beside a table, whose cells globs name; or several, where cells were not made alike. Missing ones are
    named."""
    there = [m.results[c] for c in cells if c in m.results]
    gone = [c for c in cells if c not in m.results]
    models = sorted({c.model for c in TABLE if c.name in gone} - {"scenes"})
    others = "".join(f" --model-of {x}=others:FOLDER" for x in models)
    made = commands(there, None if gone else globs)
    if not gone:
        return [code(*made)]
    rest = code(f"{RUN} --cells '{globs}'{others}")
    names = ", ".join(f"`{c}`" for c in gone)
    missing = [f"{NOT_RUN.capitalize()}: {names}. What runs them, and keeps what there is:", rest]
    return [code(*made), *missing] if made else missing


def verdict(value: float, goal: float | None, least: float | None) -> str:
    if goal is None:
        return ""
    if value >= goal:
        return "goal met"
    return "least met" if least is not None and value >= least else "not met"


@functools.cache
def prose() -> dict[str, str]:
    """The words around tables, by section."""
    parts = TEMPLATE.read_text("utf-8").split("<!-- ")[1:]
    return {name: text.strip() for name, _, text in (part.partition(" -->") for part in parts)}


def says(section: str, **values) -> str:
    return prose()[section].format(**values)


def head(m: Measured, links: Links) -> list[str]:
    counts = sorted({r["count"] for n, r in m.results.items() if n in HEADLINE})
    machines = sorted({r["machine"] for r in m.results.values()})
    told = {
        "hash": m.hash,
        "counts": " to ".join(dict.fromkeys((f"{counts[0]}", f"{counts[-1]}"))) if counts else "no",
        "judge": "the learnt one" if m.judge == "learnt" else "the simple one",
        "machines": " and ".join(machines) or "nothing yet",
        "steps": STEPS,
        "evaluations": Rule().evaluations,
        "reach": REACH,
    }
    return [says("head", **told)] + ([says("stale", cells=", ".join(m.others()))] if m.others() else [])


def headline(m: Measured, links: Links) -> list[str]:
    rows, cells = [], group("headline")
    for name, beside in HEADLINE.items():
        cell = next(c for c in cells if c.name == name)
        share, ceiling = m.share(name), m.perfect(cell.task, cell.n)
        paper = number(beside.paper) + (f" ± {beside.paper_error:.1f}" if beside.paper_error else "")
        rows.append(
            [
                f"{NAMES[cell.task]}" + (f", n = {cell.n}" if cell.task != "binding" else ""),
                f"**{percent(share)}**" if share else NOT_RUN,
                simple(m, cell) if m.judge != "palette" else "–",
                number(None if ceiling is None else 100 * ceiling),
                f"{beside.goal:g} / {beside.least:g}",
                verdict(100 * share["rate"], beside.goal, beside.least) if share else "",
                paper,
                number(beside.tokens),
                f"{m.results[name]['count']}" if name in m.results else "0",
            ]
        )
    titles = ["task", "ours, %", "simple judge", "a perfect picture", "goal / least", ""]
    titles += ["the paper", "Stirling et al.", "N"]
    blocks = [says("headline"), markdown(titles, rows), says("headline-after")]
    if "accuracy" in links:
        blocks.append(f"![Accuracy against the number of components]({links['accuracy']})")
    blocks += made_by(m, list(HEADLINE), "headline")
    strict = [(n, m.share(n), m.share(n)["beside"]) for n in HEADLINE if m.share(n) and "beside" in m.share(n)]
    if strict:
        shown = [[n, percent(a), percent(b)] for n, a, b in strict]
        blocks += [says("strict"), markdown(["task", "something there, %", "the right thing there, %"], shown)]
    cells_of_text = ["binding-text", *(f"relations-{n}-text" for n in TASKS["relations"])]
    share = lambda c: f"{percent(m.share(c))}%" if m.share(c) else NOT_RUN
    told = says("text-alone", binding=share(cells_of_text[0]), relations=" / ".join(map(share, cells_of_text[1:])))
    return [*blocks, told, *made_by(m, cells_of_text, "*-text")]


def simple(m: Measured, cell: Cell) -> str:
    """The simple judge's number, and what it would give to perfect pictures."""
    share, ceiling = m.share(cell.name, "palette"), m.perfect(cell.task, cell.n, "palette")
    return percent(share) + (f" (of {100 * ceiling:.0f})" if share and ceiling else "")


def judges(m: Measured, links: Links) -> list[str]:
    rows, show = [], lambda r: f"{100 * r['rate']:.1f} ± {100 * r['error']:.1f}"
    for judge, kinds in m.examined.get("judges", {}).items():
        for kind, sorts in kinds.items():
            misses = [f"{s} {show(r)}" for s, r in sorts.items() if s not in ("shown", "random", "between", "unseen")]
            asked = sum(r["asked"] for s, r in sorts.items() if s not in ("between", "unseen"))
            plain = [show(sorts[s]) if s in sorts else "–" for s in ("shown", "random")]
            rows.append([f"{judge}: {kind}", *plain, "; ".join(misses) or "–", f"{asked}"])
    blocks = [says("judges")]
    if rows:
        seeds = ", ".join(map(str, m.examined["scene_seeds"]))
        blocks.append(says("judges-facts", scenes=m.examined["scenes"], seeds=seeds))
        columns = ["judge: component", "recall", "false, at random", "false, near misses", "questions"]
        blocks.append(markdown(columns, rows))
    else:
        blocks.append(f"{NOT_RUN.capitalize()}.")
    return [*blocks, code("python -m evaluate.judge examine SCENES JUDGES"), agreement(m)]


def agreement(m: Measured) -> str:
    """Of the two judges on which cells are better. Only in places, where shape isn't asked, do both see all of it."""
    both = [c for c in m.results if m.share(c, "learnt") and m.share(c, "palette")]
    places = [c for c in both if m.results[c]["task"] == "places"]
    if len(places) < 3:
        return says("no-agreement")
    rates = lambda cells: [[m.share(c, judge)["rate"] for c in cells] for judge in ("learnt", "palette")]
    same = [m.results[c]["agreement"] for c in places if m.results[c].get("agreement", {}).get("count")]
    n = sum(s["count"] for s in same)
    told = f"; they say the same of {100 * sum(s['successes'] for s in same) / n:.1f}% of {n} pictures" if n else ""
    values = dict(cells=len(places), all_cells=len(both), pictures=told)
    for end, of in (("", places), ("all_", both)):
        values |= {f"{end}rho": number(spearman(*rates(of)), 2), f"{end}tau": number(kendall(*rates(of)), 2)}
    return says("agreement", **values)


def compared(m: Measured, rows: Sequence[tuple[str, str, str]], globs: str) -> list[str]:
    """A table of cells, each against another on the same conditions: what it is, its cell, that other. Where places want
    something there, whether it is the right thing stands beside."""
    out = []
    for words, cell, base in rows:
        result = m.results.get(cell)
        cost = number(result["evaluations"], 0) if result else "–"
        against = m.difference(cell, base)
        shown = percent(m.share(cell)) if result else NOT_RUN
        right = [percent((m.share(cell) or {}).get("beside")), m.difference(cell, base, "beside")]
        out.append([words, shown, against, *right, percent(m.share(cell, "palette")), cost, cell])
    columns = ["", "accuracy, %", "against the shipped way", "the right things, %", "against", "simple judge", "evaluations", "cell"]
    return [markdown(columns, out), *made_by(m, list(dict.fromkeys(cell for _, cell, _ in rows)), globs)]


def baselines(m: Measured, links: Links) -> list[str]:
    rows = []
    for task, ns in {**TASKS, "binding": (2,)}.items():
        for n in ns:
            base = task if task == "binding" else f"{task}-{n}"
            wanted = ("plain", "baseline", "paper")
            names = {c.name: c for c in TABLE if c.task == task and c.n == n and c.group in wanted}
            if names:
                rows.append((f"{NAMES[task]}, n = {n}: composed", base, base))
            for name, cell in names.items():
                how = ["the paper's recipe, small"] if cell.model == "paper" else []
                how += ["asked for nothing"] if not cell.rule.guidance else []
                how += ["one caption"] if cell.rule.how == "joined" else []
                how += ["text alone"] if not cell.rule.places else []
                how += [stepped(cell.rule)]
                rows.append((", ".join(filter(None, how)), name, base))
    return [says("baselines"), *compared(m, rows, "headline,plain,baseline,paper")]


def stepped(rule: Rule) -> str:
    """A rule's steps and moves, where they are not as shipped."""
    if rule.moves == MOVES:
        return f"{rule.steps} steps" if rule.steps != STEPS else ""
    return f"{rule.steps} steps, no moves" if not rule.moves else f"{rule.steps} steps, {rule.moves} moves"


def sweeps(m: Measured, links: Links) -> list[str]:
    words = {
        "places-3-mean-4": "mean of the terms, guidance 4 in all",
        "places-3-mean-12": "mean of the terms, guidance 12 in all, as the sum",
        "places-3-empty-scene": "measured against the empty scene, not the null row",
        "background-3-everywhere": "background AND objects, n = 3: things heard everywhere",
        "background-3-near": "background AND objects, n = 3: things heard closer to their places (reach 0.125)",
        "places-3-256": "256×256 pixels, after 128×128 (hires 2)",
        "places-3-256-whole": "256×256 pixels from the start",
        "relations-3-mean-4": "relations, n = 3: mean of the terms",
        "relations-3-guidance-2": "relations, n = 3: guidance 2 a term",
    }
    usual = f"sum, 4 a term, {STEPS} steps, a Langevin move after each, null row"
    rows = [(f"places, n = 3, as shipped: {usual}", "places-3", "places-3")]
    for c in group("sweep"):
        if c.task.startswith("not"):
            continue
        usual = stepped(c.rule) or f"guidance {c.rule.guidance:g} a term"
        rows.append((words.get(c.name, usual), c.name, f"{c.task}-{c.n}"))
    picture = [f"![Guidance and steps]({links['sweeps']})"] if "sweeps" in links else []
    return [says("sweeps"), *picture, *compared(m, rows, "places-3,relations-3,sweep")]


def equal(m: Measured, links: Links) -> list[str]:
    """Ways to spend the same evaluations, each against the plain sum."""
    words = {
        "plain": "the plain sum, {} steps",
        "ula": "{} steps, Langevin moves (ULA) between them",
        "uhmc": "{} steps, Hamiltonian moves (U-HMC) between them",
        "best": "the best by lift (CompLift), cached, {} steps each",
        "best-fresh": "the best of two by lift, fresh, {} steps each",
        "particles": "weighted particles (Feynman–Kac), {} steps each",
        "perp": "perpendicular NOT (Perp-Neg), {} steps",
        "gated": "gated NOT, {} steps",
    }
    blocks = [says("equal", judge=m.judged_by)]
    for task, title in (("places", "places, n = 3"), ("not background", "(A on a ground) AND NOT the ground")):
        rows = []
        for c in (c for c in group("equal") if c.task == task):
            of = f"equal-{task.replace(' ', '-')}-"
            share, result, base = m.share(c.name), m.results.get(c.name), f"{of}plain"
            row = [words[c.name.removeprefix(of)].format(c.rule.steps)]
            if not share:
                rows.append([*row, NOT_RUN, *[""] * 4])
                continue
            row += [percent(share), m.difference(c.name, base)]
            if task == "places":
                row += [percent(share["beside"]), m.difference(c.name, base, "beside")]
            else:
                row += [percent(complement(m.part(c.name, "not background"))), percent(m.part(c.name, "thing"))]
            rows.append([*row, number(result["evaluations"], 0)])
        more = ["the right things there, %", "against plain"] if task == "places" else ["B left, %", "A kept, %"]
        columns = [title, "both right, %" if task != "places" else "something there, %", "against plain", *more, "evaluations"]
        blocks.append(markdown(columns, rows))
    return [*blocks, says("equal-after"), *made_by(m, [c.name for c in group("equal")], "equal")]


def unseen(m: Measured, links: Links) -> list[str]:
    rows, cells = [], []
    everywhere = ", the thing heard everywhere"
    for kind, end in (("colour", ""), ("background", ""), ("background", "-everywhere"), ("relation", "")):
        never, seen = f"new-{kind}-unseen{end}", f"new-{kind}-seen{end}"
        cells += [never, seen]
        a, b = m.share(never), m.share(seen)
        met = ""
        if a and b:
            met = "goal met" if 100 * (b["rate"] - a["rate"]) <= UNSEEN_APART else "not met"
            met = met if b["rate"] >= 0.5 else "neither is learnt"
        shown = [percent(share) if share else NOT_RUN for share in (a, b)]
        rows.append([f"shape and {kind}{end and everywhere}", *shown, difference(a, b), met])
    columns = ["combination", "never seen, %", "seen, %", "difference", ""]
    return [says("unseen", apart=UNSEEN_APART), markdown(columns, rows), *made_by(m, cells, "unseen")]


def negation(m: Measured, links: Links) -> list[str]:
    families = {
        "joined": ("A AND (A and B) AND NOT B", "not thing"),
        "shape": ("A AND NOT a shape", "not thing"),
        "background": ("(A on a ground) AND NOT the ground", "not background"),
    }
    strengths = {"": "NOT", "-2": "NOT at twice", "-0.5": "NOT at half", "-0.25": "NOT at a quarter", "-without": "without NOT"}
    there, rows, cells = {c.name for c in TABLE}, [], []
    for family, (words, absent) in families.items():
        for end, how in strengths.items():
            name = f"not-{family}{end}"
            if name not in there:
                continue
            cells.append(name)
            kept, gone = m.part(name, "thing"), m.part(name, absent)
            row = [f"{words}: {how}" if end == "" else f"… {how}"]
            if kept and gone:
                left = complement(gone)
                row += [percent(left), percent(kept), percent(m.share(name)), negated(left, kept) if end == "" else ""]
            else:
                row += [NOT_RUN, "", "", ""]
            rows.append(row)
    (goal_left, most_left), (goal_kept, least_kept) = NEGATION_LEFT, NEGATION_KEPT
    lead = says("negation", goal_left=goal_left, most_left=most_left, goal_kept=goal_kept, least_kept=least_kept)
    table = markdown(["", "B left, %", "A kept, %", "both right, %", ""], rows)
    return [lead, table, *made_by(m, cells, "negation,not-*")]


def negated(left: Share, kept: Share) -> str:
    """The verdict on B left and A kept."""
    for says_so, most, least in zip(("goal met", "least met"), NEGATION_LEFT, NEGATION_KEPT):
        if 100 * left["rate"] <= most and 100 * kept["rate"] >= least:
            return says_so
    return "not met"


def diversity(m: Measured, links: Links) -> list[str]:
    rows, cells = [], group("diversity")
    for c in cells:
        d, shown = m.results.get(c.name, {}).get("diversity"), [NOT_RUN, ""]
        if d:
            shown = [f"{d['distance']:.4f} ± {d['standard_error']:.4f}", f"{d['conditions']} × {d['pictures']}"]
        rows.append([c.name, *shown, percent(m.share(c.name))])
    columns = ["cell", "distance", "conditions × pictures", "accuracy, %"]
    return [says("diversity"), markdown(columns, rows), *made_by(m, [c.name for c in cells], "diversity")]


def components(m: Measured, links: Links) -> list[str]:
    rows, cells = [], group("components")
    for c in cells:
        two, one = m.share(c.name), m.share(f"background-{c.n}")
        rows.append([f"n = {c.n}", percent(two) if two else NOT_RUN, percent(one), m.difference(c.name, f"background-{c.n}")])
    columns = ["", "two models, %", "one model, %", "difference"]
    return [says("components"), markdown(columns, rows), *made_by(m, [c.name for c in cells], "components")]


def levels(m: Measured, links: Links) -> list[str]:
    """What fit_weights.py found for pairs of levels, and whether it wins."""
    found = m.said.get("fitted")
    command = "python fit_weights.py MODEL OUT/fitted --engine COUNTERPOINT --judges JUDGES --scenes FIT --test FITTEST"
    if not found:
        return [says("levels"), f"{NOT_RUN.capitalize()}.", code(command)]
    asked = found["asked"]
    rows = []
    for w in found["level_weights"]:
        rows.append([w["level"], w["beside"], ", ".join(f"{v:g}" for v in w["multipliers"])])
    table = markdown(["terms of level", "beside", "multipliers, from the run's start to its end"], rows)
    splits = {f"{name}_{k}": v for name in ("fit", "test") for k, v in found[name].items()}
    verdict = "They win, and are the default" if found["test"]["wins"] else "They do not win: constant weights stay the default"
    told = says("levels-facts", **splits, cells=asked["cells"], verdict=verdict)
    flags = "".join(f" --{k} {v}" for k, v in asked.items())
    return [says("levels"), table, told, code(command + flags)]


def ablations(m: Measured, links: Links) -> list[str]:
    from ablate import VARIANTS

    found = m.said.get("ablation")
    facts = [says("ablations-facts", **found["facts"])] if found else []
    variants = found["variants"] if found else [{"says": v.says} for v in VARIANTS.values()]
    columns = ["variant", "loss", "right", "place", "colour", "shape"]
    columns += ["places 3, %", "binding, %", "distance", "samples"]
    blocks = [says("ablations"), *facts, markdown(columns, map(ablated, variants))]
    return [*blocks, code("python ablate.py SCENES RUN ABLATION --minutes 8 --widths 48,64 --preset core --judges JUDGES --scenes TEST --count 40")]


def ablated(v: dict) -> list[str]:
    """A row of the table of ablations; what is wrong is shown by what it loses against right."""
    if "gains" not in v:
        return [v["says"], NOT_RUN, *[""] * 8]
    g = v["gains"]
    lost = [f"{g['right_600'] - g[f'wrong_{k}_600']:.1f}" for k in ("place", "colour", "shape")]
    judged = [percent(v.get("judged", {}).get(task)) for task in ("places-3", "binding")]
    distance = v.get("diversity")
    far = f"{distance['distance']:.3f}" if distance else "–"
    return [v["says"], f"{g['null']:.4f}", f"{g['right_600']:.1f}", *lost, *judged, far, f"{v['samples']:,}"]


def autoencoder(m: Measured, links: Links) -> list[str]:
    rows = []
    for r in m.said.get("reconstruction", []):
        decibels = [f"{r[k]:.1f}" for k in ("learnt", "learnt_objects", "linear", "linear_objects")]
        met = r["learnt"] >= DECIBELS[0] and r["learnt_objects"] >= DECIBELS[1]
        rows.append([f"{r['side']}×{r['side']}", *decibels, f"{r['scenes']}", "goal met" if met else "not met"])
    columns = ["pixels", "picture", "inside objects", "linear part: picture", "inside objects", "scenes", ""]
    table = markdown(columns, rows) if rows else f"{NOT_RUN.capitalize()}."
    command = "python -m evaluate.reconstruction MODEL OUT --scenes PICTURES --scenes PICTURES256 --engine COUNTERPOINT"
    return [says("autoencoder", picture=DECIBELS[0], objects=DECIBELS[1]), table, code(command)]


def samplers(m: Measured, links: Links) -> list[str]:
    """Whether PyTorch's pictures, where it made some, are the engine's."""
    found = m.said.get("match")
    told = [f"{NOT_RUN.capitalize()}."]
    if found:
        facts = dict(inside=100 * found["within 2/255"], least=100 * found["least of a picture"])
        facts |= dict(pictures=found["pictures"], worst=found["greatest difference"], model=found["model"])
        told = [says("samplers-facts", **facts)]
    command = "python -m evaluate.run match MODEL --engine COUNTERPOINT --count 64 --out OUT/match.json"
    return [says("samplers"), *told, code(command)]


def training(m: Measured, links: Links) -> list[str]:
    blocks, trained = [says("training")], m.said.get("training")
    if trained:
        facts, last = trained["facts"], [r["loss"] for r in trained["log"][-20:]]
        loss = f"; the loss over the last {len(last)} lines of the log is {sum(last) / len(last):.3f}" if last else ""
        numbers = dict(samples=int(facts["samples"]), images=int(facts["images"]), hours=float(facts["hours"]))
        told = [says("training-facts", **numbers, machine=facts["machine"], loss=loss)]
        if focus := trained["objective"].get("focus"):
            told.append(says("training-focus", times=1 + focus, focus=focus))
        told += [says("training-decoder", **row) for row in trained["decoder"]]
        blocks.append("\n".join(told))
    else:
        blocks.append("No run is named.")
    if "loss" in links:
        blocks.append(f"![Loss, and what conditions gain]({links['loss']})")
    return [*blocks, says("training-after"), code("make train PRESET=gpu", "make train PRESET=cpu")]


def recipe(m: Measured, links: Links) -> list[str]:
    sets = [
        "go run ./tools/scenes -n 12000 -size 16 -seed 1002 -split train -o TEST",
        "go run ./tools/scenes -n 4000 -size 16 -seed 1003 -split heldout -o UNSEEN",
        "go run ./tools/scenes -n 4000 -size 16 -seed 1004 -split train -o FIT",
        "go run ./tools/scenes -n 8000 -size 16 -seed 1005 -split train -o FITTEST",
    ]
    return [says("recipe"), code(*sets), says("recipe-after"), code("make evaluate COUNT=300")]


def gallery(m: Measured, links: Links) -> list[str]:
    sheets = {k.removeprefix("sheet-"): v for k, v in links.items() if k.startswith("sheet-")}
    if not sheets:
        return []
    return [says("gallery"), *(f"![{cell}]({path})" for cell, path in sheets.items())]


def everything(m: Measured, links: Links) -> list[str]:
    """All cells, with what they cost."""
    rows = []
    for name, r in m.results.items():
        parts = m.share(name)["components"] if m.share(name) else {}
        each = ", ".join(f"{k} {100 * s['rate']:.1f}" for k, s in parts.items() if s["count"])
        pace = r["seconds"] / r["count"] if r["count"] else 0.0
        rows.append([name, percent(m.share(name)), each, f"{r['count']}", r["sampler"], m.model(name), f"{pace:.2f}"])
    if not rows:
        return []
    columns = ["cell", "accuracy, %", "each component, %", "pictures", "sampler", "model", "seconds a picture"]
    return [says("everything"), markdown(columns, rows), code(f"{RUN} --cells '*'")]


ALL = (
    head, headline, gallery, judges, baselines, equal, sweeps, levels, unseen, negation, diversity, components, ablations,
    autoencoder, samplers, training, recipe, everything,
)  # fmt: skip


def readme_row(m: Measured) -> str:
    """The headline: accuracy for each number of components, the paper's and Stirling et al.'s in brackets."""

    def cell(name: str) -> str:
        share, beside = m.share(name), HEADLINE.get(name)
        if beside is None:
            return ""
        others = ", ".join(f"{v:.0f}" for v in (beside.paper, beside.tokens) if v is not None)
        ours = f"**{100 * share['rate']:.0f}** ± {100 * error(share):.1f}" if share else NOT_RUN
        return f"{ours} ({others})" if others else ours

    rows = [[NAMES[task], *(cell(f"{task}-{n}") for n in (1, 2, 3, 5))] for task in TASKS]
    rows.append([NAMES["binding"], "", cell("binding"), "", ""])
    return markdown(["pictures that show every component, %", "n = 1", "n = 2", "n = 3", "n = 5"], rows)

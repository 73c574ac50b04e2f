"""Measures composition as the paper measures it (Liu et al., arXiv 2206.01714, section 5.1): many random conditions of
n components each, and a picture counts only if every component is judged to be there.

    components.py   what can be asked of a picture, in words and as a fact about a scene
    conditions.py   random conditions of each task, drawn from scenes that could be rendered
    cells.py        the table: which task, how many components, which model and rule
    pictures.py     the pictures of a condition, from the engine or from PyTorch; philox.py, the noise both start from
    others.py       pictures of other models: the paper's recipe, component models composed
    judge.py        the judge that is learnt from rendered scenes, over detector.py; questions.py, what it learns from
    palette.py      the one that is not learnt
    run.py          fills the cells, and goes on where it was stopped; results.py, what a cell comes to
    report.py       RESULTS.md, by sections.py, tables.py, plots.py and sheets.py; published.py, other people's figures
"""

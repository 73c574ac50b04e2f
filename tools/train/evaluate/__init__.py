"""Measures composition as the paper measures it (Liu et al., arXiv 2206.01714, section 5.1): many random conditions of
n components each, and a picture counts only if every component is judged to be there.

    components.py   what can be asked of a picture, in words and as a fact about a scene
    conditions.py   random conditions of each task, drawn from scenes that could be rendered
    cells.py        the table: which task, how many components, which model and rule
    pictures.py     the pictures of a condition, from the engine or from PyTorch
    judge.py        the judge that is learnt from rendered scenes; palette.py, the one that is not learnt
    run.py          fills the cells, and goes on where it was stopped
    report.py       RESULTS.md
"""

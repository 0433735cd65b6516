"""The paper's table 2 as published: all languages together, judged by gpt-4-1106-preview on WikiRoleEval."""

from typing import Final

JUDGE: Final = "gpt-4-1106-preview"
MISSING: Final = float("nan")

# Model, tuned on its own dialogues or not, identity, knowledge, rejection, MT-Bench role-play.
TABLE_2: Final = (
    ("OpenChat-3.5 7B", False, 0.67, 5.29, 0.79, MISSING),
    ("Mistral-7B-Instruct-v0.2", False, 0.76, 5.50, 0.79, MISSING),
    ("Mixtral-8x7B-Instruct", False, 0.73, 6.19, 0.80, MISSING),
    ("Claude 2.1", False, 0.51, 5.02, 0.66, MISSING),
    ("Wenxin 4.0", False, 0.68, 5.12, 0.74, MISSING),
    ("GPT-3.5-Turbo", False, 0.72, 6.33, 0.81, 8.40),
    ("GPT-4", False, 0.80, 7.62, 0.85, 8.90),
    ("GPT-4-Turbo", False, 0.70, 7.33, 0.82, MISSING),
    ("Qwen-Max", False, 0.92, 8.33, 0.91, 9.65),
    ("CharacterGLM", False, 0.75, 4.73, 0.80, MISSING),
    ("Xingchen", False, 0.85, 5.90, 0.87, MISSING),
    ("Qwen-1.8B-Chat", False, 0.60, 3.13, 0.65, 5.85),
    ("Qwen-1.8B-Chat", True, 0.78, 3.81, 0.73, 6.34),
    ("Qwen-7B-Chat", False, 0.52, 3.87, 0.70, 6.73),
    ("Qwen-7B-Chat", True, 0.82, 4.97, 0.76, 6.90),
    ("Qwen-14B-Chat", False, 0.52, 4.15, 0.68, 7.10),
    ("Qwen-14B-Chat", True, 0.90, 6.03, 0.80, 7.65),
    ("Qwen-72B-Chat", False, 0.54, 4.92, 0.67, 8.13),
    ("Qwen-72B-Chat", True, 0.90, 6.64, 0.82, 8.43),
)

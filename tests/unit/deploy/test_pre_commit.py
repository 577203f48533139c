"""The hooks run locked tools of the clone and fetch nothing."""

from pathlib import Path

import yaml
from pre_commit.clientlib import load_config

ROOT = Path(__file__).resolve().parents[3]
PATH = ROOT / ".pre-commit-config.yaml"


def test_configuration__is_one_that_pre_commit_reads() -> None:
    assert load_config(str(PATH))["repos"]


def test_hooks__are_local_and_use_tools_of_the_environment() -> None:
    for repository in yaml.safe_load(PATH.read_text())["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            tool = hook["entry"].split()[0]
            assert tool.startswith(".venv/bin/")
            assert (ROOT / tool).exists()

"""The shipped contract, held by every engine."""

from __future__ import annotations

from assay.testing.accounts import AccountContract, GrantContract, TokenContract, WorkspaceContract
from assay.testing.catalog import IdContract, ScopeContract, StateContract, TimeContract
from assay.testing.commit import CommitContract, SnapshotContract
from assay.testing.counting import CountContract
from assay.testing.following import ChangeContract, ImportContract, ValueContract
from assay.testing.lineage import LineageContract
from assay.testing.logins import IdentityContract, LinkContract, SessionContract
from assay.testing.narrowing import NarrowContract
from assay.testing.owned import ParamContract, TextContract, WriterContract
from assay.testing.people import CommentContract, SavedViewContract
from assay.testing.points import BranchContract, LatestContract, LayoutContract, PointContract
from assay.testing.printed import ConsoleContract
from assay.testing.resting import RetentionContract
from assay.testing.searching import OrderContract, SearchContract
from assay.testing.together import ActivityContract, BulkContract, FindingContract, GroupContract


class TestScope(ScopeContract):
    """Another workspace sees nothing."""


class TestIds(IdContract):
    """Ids and names."""


class TestTime(TimeContract):
    """Times."""


class TestStates(StateContract):
    """States."""


class TestParams(ParamContract):
    """Params and configs."""


class TestText(TextContract):
    """Text."""


class TestWriters(WriterContract):
    """Exactly once."""


class TestCommit(CommitContract):
    """Group commit."""


class TestSnapshot(SnapshotContract):
    """Reading is one snapshot."""


class TestPoints(PointContract):
    """Points."""


class TestLatest(LatestContract):
    """Latest values."""


class TestBranches(BranchContract):
    """Rewind and fork."""


class TestLayout(LayoutContract):
    """Chunks, pages and tails."""


class TestSearch(SearchContract):
    """Which runs are found."""


class TestOrder(OrderContract):
    """In which order, and page by page."""


class TestLineage(LineageContract):
    """Datasets, and models that runs used or made."""


class TestConsole(ConsoleContract):
    """What runs print."""


class TestValues(ValueContract):
    """Logged values."""


class TestImports(ImportContract):
    """Rows of foreign registries."""


class TestChanges(ChangeContract):
    """Following what happens."""


class TestCounts(CountContract):
    """Keys, values, ranges and counts over many runs."""


class TestAccounts(AccountContract):
    """Users and their groups."""


class TestGrants(GrantContract):
    """Roles of users and groups."""


class TestTokens(TokenContract):
    """Tokens."""


class TestWorkspaces(WorkspaceContract):
    """Workspaces, their quotas and what they hold."""


class TestComments(CommentContract):
    """What people say about runs."""


class TestSavedViews(SavedViewContract):
    """States of pages under names."""


class TestNarrowing(NarrowContract):
    """Experiments that are closed, or only to look at."""


class TestSessions(SessionContract):
    """Sessions of browsers."""


class TestLinks(LinkContract):
    """Links that are good for once."""


class TestIdentities(IdentityContract):
    """Who is whom at identity providers."""


class TestGroups(GroupContract):
    """Runs that have something in common."""


class TestBulk(BulkContract):
    """One act on many runs."""


class TestActivity(ActivityContract):
    """What goes on in experiments."""


class TestFinding(FindingContract):
    """Things by a few letters of their names."""


class TestRetention(RetentionContract):
    """Runs that rest."""

"""What codes are called on a page, Vietnamese first."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from alerts.incidents.closing import CAUSES
from alerts.incidents.lifecycle import Act, Answer
from alerts.incidents.reasons import Notice, Placing, Reason
from alerts.oncall.channels import CodeAnswer
from alerts.oncall.check import Trouble
from alerts.oncall.swaps import SwapAnswer
from alerts.proposals import Decision, ProposalKind
from quantrac.domain.accounts import Role
from quantrac.domain.alerts import AlertKind, Severity
from quantrac.domain.incidents import Extent, IncidentCause, IncidentState, Topic, WindowKind
from quantrac.domain.judgements import Verdict
from quantrac.domain.oncall import ContactKind, PersonRole, SwapState
from quantrac.domain.parameters import names_of
from quantrac.domain.revisions import PendingCause, PendingState
from quantrac.domain.words import Bilingual
from reports.words import VERDICT
from web.stations.why import Why

B = Bilingual

WORDS: Mapping[type[StrEnum], Mapping[str, B]] = {
    IncidentState: {
        "open": B("Chưa ai nhận", "open"),
        "acknowledged": B("Đã nhận", "taken"),
        "snoozed": B("Tạm hoãn", "snoozed"),
        "resolved": B("Đã hết", "over"),
        "closed": B("Đã đóng", "closed"),
    },
    Severity: {
        "critical": B("Nghiêm trọng", "critical"),
        "high": B("Cao", "high"),
        "warning": B("Chú ý", "warning"),
        "info": B("Thông tin", "info"),
    },
    Topic: {
        "water": B("Chất lượng nước", "water"),
        "instrument": B("Thiết bị", "instrument"),
        "signal": B("Tín hiệu", "signal"),
    },
    Extent: {
        "station": B("một trạm", "one station"),
        "park": B("một khu", "one park"),
        "several": B("nhiều trạm", "several stations"),
        "outage": B("sự cố đường truyền", "an outage"),
    },
    IncidentCause: {cause.value: words for cause, words in CAUSES.items()},
    AlertKind: {
        "limit": B("Vượt giới hạn", "limit"),
        "anomaly": B("Bất thường", "anomaly"),
        "fault": B("Thiết bị", "fault"),
        "offline": B("Mất tín hiệu", "no signal"),
        "due": B("Thiếu số liệu", "no usable reading"),
        "flooding": B("Gửi quá nhiều", "sends too much"),
        "revision": B("Sửa số liệu", "revised readings"),
    },
    Verdict: {verdict.value: B(words.vi, words.en) for verdict, words in VERDICT.items()},
    PendingCause: {
        "revised": B("trạm gửi lại số khác", "sent again with other numbers"),
        "softened": B("số liệu đến sau làm nhẹ kết luận", "others came that soften it"),
    },
    PendingState: {
        "waiting": B("Chờ quyết định", "waits"),
        "accepted": B("Đã chấp nhận", "accepted"),
        "rejected": B("Đã từ chối", "rejected"),
        "superseded": B("Đã thay", "superseded"),
    },
    WindowKind: {
        "maintenance": B("Bảo trì", "maintenance"),
        "calibration": B("Hiệu chuẩn", "calibration"),
        "ad_hoc": B("Trạng thái 01 của trạm", "the logger's status 01"),
        "silence": B("Tạm im lặng", "silence"),
    },
    Act: {
        "acknowledge": B("Nhận sự cố", "take"),
        "snooze": B("Tạm hoãn", "snooze"),
        "assign": B("Chuyển giao", "hand on"),
        "comment": B("Ghi chú", "comment"),
        "close": B("Đóng", "close"),
        "reopen": B("Mở lại", "reopen"),
        "attach": B("Đính kèm", "attach a file"),
    },
    Answer: {
        "done": B("Đã ghi.", "Done."),
        "held_by_other": B("Người khác đã nhận sự cố này.", "Somebody else has it."),
        "held_already": B("Bạn đã nhận sự cố này.", "You have it already."),
        "not_active": B("Sự cố đã hết hoặc đã đóng.", "It is over or closed."),
        "closed_already": B(
            "Sự cố đã được đóng với nguyên nhân khác; muốn ghi nguyên nhân này thì mở lại trước.",
            "It is closed with another cause; reopen it to give this one.",
        ),
        "not_closed": B("Chỉ mở lại sự cố đã đóng.", "Only what is closed can be reopened."),
        "past": B("Thời điểm đã qua.", "The time lies in the past."),
        "too_long": B("Quá dài: hoãn tối đa 7 ngày, chữ tối đa 4.000.", "Too long: a week, or 4,000 characters."),
        "unknown_person": B("Chỉ chuyển cho người trong danh sách trực.", "Only to people on call."),
        "text_needed": B("Cần ghi nội dung.", "Words are needed."),
    },
    Notice: {
        "page": B("Gọi trực", "page"),
        "update": B("Cập nhật", "update"),
        "end": B("Báo kết thúc", "end"),
    },
    Placing: {
        "new": B("sự cố mới", "new"),
        "same_alert": B("diễn biến của cùng cảnh báo", "a step of the same alert"),
        "same_station": B("cùng trạm, sự cố chưa hết", "same station, not over"),
        "relapse": B("tái diễn trong một giờ", "relapse within the hour"),
        "after_closed": B("sự cố trước đã được cán bộ đóng", "an officer has closed the one before"),
        "mean_of_slug": B("trung bình giờ/ngày xác nhận", "a mean that confirms"),
        "same_park": B("cùng khu trong 30 phút", "same park within 30 minutes"),
        "same_outage": B("cùng đợt mất tín hiệu", "same outage"),
        "retrospective": B("số liệu truyền bù: chỉ báo cáo", "late data: reported only"),
        "not_of_incident": B("có trước khi lập sự cố", "from before incidents"),
    },
    Reason: {
        "opened": B("sự cố bắt đầu", "it has begun"),
        "relapse": B("tái diễn", "it has begun again"),
        "worse": B("nặng hơn", "it is graver"),
        "outage": B("nhiều trạm mất tín hiệu: lỗi trên đường truyền", "so many silent: the fault is on the way"),
        "still_holds": B("hết lịch dừng báo mà vẫn còn", "a window has ended and it still holds"),
        "snooze_over": B("hết thời gian hoãn", "the snooze is over"),
        "forgotten": B("đã nhận nhưng lâu không xử lý", "taken and forgotten"),
        "unattended": B("đã báo, chưa ai nhận", "told, taken by nobody"),
        "flapping": B("lặp lại nhiều lần", "it flaps"),
        "digest": B("bản tổng hợp nhiều sự cố", "stands for several in a storm"),
        "resolved": B("đã hết", "it is over"),
        "calm": B("đã yên một giờ", "it has stayed calm"),
        "assigned": B("được chuyển giao", "handed on"),
        "work_item": B("việc cần xử lý: quy tắc không gọi trực", "work item: its rule pages nobody"),
        "gathering": B("đợi xem trạm khác", "waiting for other stations"),
        "in_window": B("trong lịch bảo trì, hiệu chuẩn hoặc trạng thái 01", "maintenance, calibration or status 01"),
        "silenced": B("cán bộ yêu cầu im lặng", "silenced by an officer"),
        "storm": B("quá nhiều sự cố: gộp vào bản tổng hợp", "a storm: the digest names it"),
        "in_digest": B("đã nêu trong bản tổng hợp", "named by a digest"),
        "paged_already": B("đã báo rồi", "told already"),
        "acknowledged": B("đã có người nhận", "somebody has it"),
        "snoozed": B("đang hoãn", "snoozed"),
        "calming": B("vừa hết, đợi một giờ", "over for the moment"),
        "unpaged_end": B("không báo lúc đầu nên không báo lúc hết", "its beginning was told to nobody"),
        "over": B("đã hết", "over"),
    },
    Role: {
        "viewer": B("Người xem", "viewer"),
        "operator": B("Đơn vị vận hành", "operator of a plant"),
        "officer": B("Cán bộ trực", "officer"),
        "manager": B("Trưởng phòng", "manager"),
        "admin": B("Quản trị", "administrator"),
    },
    PersonRole: {
        "operator": B("Đơn vị vận hành", "operator"),
        "officer": B("Cán bộ", "officer"),
        "head": B("Trưởng phòng", "head"),
        "leader": B("Lãnh đạo", "leader"),
    },
    ContactKind: {
        "email": B("Thư điện tử", "e-mail"),
        "sms": B("SMS", "SMS"),
        "zalo": B("Zalo", "Zalo"),
        "telegram": B("Telegram", "Telegram"),
        "teams": B("Teams", "Teams"),
        "ntfy": B("ntfy", "ntfy"),
        "webhook": B("Webhook", "webhook"),
        "web_push": B("Thông báo trên trình duyệt", "browser push"),
    },
    CodeAnswer: {
        "verified": B("Đã xác minh: kênh được dùng từ bây giờ.", "Verified: the channel counts from now on."),
        "wrong": B("Mã không đúng.", "The code is wrong."),
        "expired": B("Mã đã hết hạn: hãy gửi mã mới.", "The code is over: send a new one."),
        "too_many_tries": B("Sai năm lần: hãy gửi mã mới.", "Five mistakes: send a new code."),
        "none_sent": B("Chưa gửi mã nào.", "No code was sent."),
    },
    ProposalKind: {
        "limits": B("Giới hạn", "limits"),
        "rules": B("Quy tắc cảnh báo", "alert rules"),
        "stations": B("Trạm", "stations"),
    },
    Decision: {
        "done": B("Đã ghi.", "Done."),
        "same_person": B("Người đề xuất không tự duyệt: cần người thứ hai.", "Whoever proposes does not decide it."),
        "stale": B("Danh mục đã thay đổi từ khi đề xuất: hãy đề xuất lại.", "The catalogue has changed: propose anew."),
        "decided": B("Đề xuất đã được quyết định.", "It is decided already."),
        "not_allowed": B("Tài khoản của bạn không có quyền này.", "Your account may not do this."),
        "not_yours": B("Chỉ người đề xuất rút lại được.", "Only who has proposed it withdraws it."),
    },
    SwapAnswer: {
        "done": B("Đã ghi.", "Done."),
        "not_yours": B("Chỉ người được nhờ trả lời, người nhờ rút lại.", "Only the two whose duty it is may."),
        "answered": B("Đã trả lời rồi.", "It is answered already."),
        "begun": B("Ca trực đã bắt đầu.", "Its time has begun."),
        "not_on_duty": B("Người nhường không trực lúc đó.", "Who gives the time away is not on duty in it."),
        "empty_time": B("Thời gian không hợp lệ.", "The time is empty."),
        "same_person": B("Hai người phải khác nhau.", "The two are the same."),
        "unknown_person": B("Không có người này.", "There is no such person."),
    },
    Trouble: {
        "gap": B("không ai trực", "nobody is on duty"),
        "off_hours": B("không ai trực theo giờ đã đặt", "nobody is on duty, as the rota says"),
        "empty_rota": B("lịch trực trống", "the rota is empty"),
        "unknown_person": B("không có người này", "there is no such person"),
        "unknown_target": B("nơi báo không tồn tại", "there is no such target"),
        "no_channel": B("chưa có kênh nhận tin đã xác minh", "has no verified channel"),
        "failing": B("mọi kênh đều hỏng", "all channels fail"),
        "only_telegram": B("chỉ có Telegram, lúc bị chặn", "has Telegram alone, which is blocked at times"),
        "circle": B("chính sách nối vòng tròn", "policies go round in a circle"),
        "no_policy": B("mức này không có chính sách", "no policy for this severity"),
        "empty_step": B("bước này không tới ai", "this step reaches nobody"),
    },
    Why: {
        "no_reading": B("không có số liệu trong một ngày trước đó", "there is no reading within the day before"),
        "late": B("đến muộn: lưu, xét, báo cáo, không gọi trực", "late: stored, judged, reported, nobody is paged"),
        "not_measuring": B("trạm báo không đo: không tính với giới hạn", "the logger does not measure: does not count"),
        "flagged": B("bị gắn cờ nghi ngờ hoặc loại: không tính", "flagged as suspect or bad: does not count"),
        "no_limit": B("không có giới hạn để so", "no limit to compare with"),
        "within": B("trong giới hạn", "within its limit"),
        "beyond": B("ngoài giới hạn", "beyond its limit"),
        "no_alert": B("lúc đó không có cảnh báo nào mở", "no alert was open then"),
        "work_item": B("có cảnh báo, nhưng quy tắc không gọi trực", "an alert was open whose rule pages nobody"),
        "retrospective": B("kết luận từ số liệu truyền bù: chỉ báo cáo", "rests on late data: reported only"),
        "in_window": B("trong lịch dừng báo", "within a window"),
        "not_told": B("sự cố không báo ai", "the incident was told to nobody"),
        "told": B("sự cố đã gọi trực", "the incident was told to officers"),
    },
    SwapState: {
        "proposed": B("Chờ trả lời", "proposed"),
        "accepted": B("Đã đồng ý", "accepted"),
        "declined": B("Từ chối", "declined"),
        "withdrawn": B("Đã rút", "withdrawn"),
    },
}

HISTORY = {
    "not_paged": B("Không gọi", "not paged"),
    "escalation": B("Gọi theo chính sách", "escalation"),
    "fallback": B("Chuyển kênh", "fallback"),
    "next_channel": B("kênh trước hỏng, dùng kênh tiếp theo", "a channel failed, the next is used"),
    "no_channel_left": B("không còn kênh nào", "no channel is left"),
    "no_policy": B("mức này không có chính sách", "no policy for this severity"),
    "nobody": B("không bước nào tới ai", "no step reaches anybody"),
}
"""What the step of incidents notes beside its reasons."""
SECURITY_OF = {
    "password": B("mật khẩu", "password"),
    "code": B("mã điện thoại", "code"),
    "telephone": B("điện thoại", "telephone"),
    "link": B("liên kết đăng nhập", "link"),
    "sign-on": B("đăng nhập SSO", "sign-on"),
    "account": B("tài khoản", "account"),
    "left": B("đăng xuất", "left"),
}
SECURITY_SAYS = {
    "complete": B("được vào", "complete"),
    "second_factor_missing": B("đúng, còn thiếu mã", "right, the code is missing"),
    "locked": B("đang bị khóa tạm", "locked"),
    "wrong": B("sai", "wrong"),
    "disabled": B("tài khoản bị khóa", "disabled"),
    "no_password": B("tài khoản không có mật khẩu", "there is none"),
    "unknown": B("không có tài khoản này", "unknown"),
    "used": B("đã dùng", "used"),
    "refused": B("bị từ chối", "refused"),
    "failed": B("không thành", "failed"),
    "made": B("đã tạo", "made"),
    "added": B("thêm mới", "added"),
    "changed": B("đã đổi", "changed"),
    "change refused": B("đổi bị từ chối", "change refused"),
    "enrolled": B("đã đăng ký", "enrolled"),
    "describe": B("sửa mô tả", "described anew"),
    "disable": B("khóa", "disabled"),
    "enable": B("mở lại", "enabled"),
    "telephone": B("bỏ điện thoại đã mất", "telephone forgotten"),
    "link": B("tạo liên kết đăng nhập", "link made"),
}
_ANY = HISTORY | {code: words for kind in (Reason, Placing, Answer, Act, Notice) for code, words in WORDS[kind].items()}

CLASSES = {
    "pollution": B("ô nhiễm", "pollution"),
    "fault": B("lỗi thiết bị", "a sensor fault"),
    "maintenance": B("bảo trì", "maintenance"),
    "communication": B("lỗi đường truyền", "a fault of communication"),
    "natural": B("biến đổi tự nhiên", "a natural change"),
    "falsification": B("nghi can thiệp số liệu", "falsification"),
    "unknown": B("chưa rõ", "unknown"),
}
PROPOSAL_STATES = {
    "proposed": B("Chờ người thứ hai", "waits for a second person"),
    "approved": B("Đã duyệt", "approved"),
    "refused": B("Từ chối", "refused"),
    "withdrawn": B("Đã rút", "withdrawn"),
}
REFUSALS = {
    400: B("Chưa làm được", "Not done"),
    401: B("Phiên đăng nhập đã hết", "Your login is over"),
    403: B("Không được phép", "Not allowed"),
    404: B("Không tìm thấy trang", "There is no such page"),
    409: B("Đã có thay đổi khác", "Something else has changed"),
    413: B("Quá lớn", "Too large"),
    415: B("Loại tệp không nhận", "This kind of file is not taken"),
    429: B("Quá nhiều yêu cầu", "Too many requests"),
    500: B("Trang gặp lỗi", "The page has failed"),
    502: B("Chưa đăng nhập được", "Not logged in"),
    503: B("Chưa sẵn sàng", "Not ready"),
}
"""Headings of the pages that say why there is no answer."""
STATUS_CODES = {
    "00": B("đang đo", "measuring"),
    "01": B("hiệu chuẩn", "calibrating"),
    "02": B("báo lỗi", "fault"),
    "03": B("bảo trì", "maintenance"),
}
FLAGS = {
    1: B("đạt", "good"),
    2: B("chưa đánh giá", "not evaluated"),
    3: B("nghi ngờ", "suspect"),
    4: B("loại", "bad"),
    9: B("thiếu", "missing"),
}


def word(code: StrEnum) -> B:
    """Return what a code is called; one that has no word is itself.

    >>> word(IncidentState.OPEN).vi
    'Chưa ai nhận'
    """
    return WORDS.get(type(code), {}).get(code.value) or B(code.value, code.value)


def word_of(kind: str, code: str) -> B:
    """Return what a stored word of an alert is called: its kind, severity, or class.

    >>> word_of("kind", "limit").en, word_of("class", "natural").en
    ('limit', 'a natural change')
    """
    known = {"kind": WORDS[AlertKind], "severity": WORDS[Severity], "class": CLASSES}[kind]
    return known.get(code) or B(code, code)


def reason(code: str) -> B:
    """Return what a stored reason, act or answer is called.

    >>> reason("in_window").en, reason("something_new").vi
    ('maintenance, calibration or status 01', 'something new')
    """
    return _ANY.get(code) or B(code.replace("_", " "), code.replace("_", " "))


def security(kind: str) -> B:
    """Return what a line of the security log is called.

    >>> security("link used").vi, security("password second_factor_missing").en, security("left").vi
    ('liên kết đăng nhập: đã dùng', 'password: right, the code is missing', 'đăng xuất')
    """
    of, _, says = kind.partition(" ")
    subject = SECURITY_OF.get(of) or B(of, of)
    if not says:
        return subject
    said = SECURITY_SAYS.get(says) or B(says, says)
    return B(f"{subject.vi}: {said.vi}", f"{subject.en}: {said.en}")


def named(parameter: str) -> B:
    """Return a parameter's name with its code where the two differ: several may have one name.

    >>> named("Flow_in").vi, named("COD").vi
    ('Lưu lượng · Flow_in', 'COD')
    """
    names = names_of(parameter)
    return B(*(name if name == parameter else f"{name} · {parameter}" for name in (names.vi, names.en)))

//! The rows of `rules`: a kind, its fields in YAML, and `ok` or what a refusal says.

/// New objects.
pub(crate) const OBJECTS: &str = "
TelnyxAccount | {webhookPublicKey: null, webhookPublicKeySecretRef: {name: a, key: b}} | ok
TelnyxAccount | {webhookPublicKeySecretRef: {name: a, key: b}} | set exactly one of webhookPublicKey and webhookPublicKeySecretRef
TelnyxAccount | {webhookPublicKey: null} | set exactly one of webhookPublicKey and webhookPublicKeySecretRef
TelnyxAccount | {webhookFailoverBaseUrl: 'https://b.example'} | webhookFailoverBaseUrl needs webhookBaseUrl
TelnyxAccount | {webhookBaseUrl: 'https://a.example', webhookFailoverBaseUrl: 'https://b.example'} | ok
TelnyxAccount | {webhookBaseUrl: 'https://a.example', webhookFailoverBaseUrl: 'https://a.example'} | webhookFailoverBaseUrl must differ from webhookBaseUrl

CallControlApplication | {outbound: {outboundVoiceProfileId: '1'}} | ok
CallControlApplication | {outbound: {outboundVoiceProfileRef: {name: a}}} | ok
CallControlApplication | {outbound: {outboundVoiceProfileId: '1', outboundVoiceProfileRef: {name: a}}} | set at most one of outboundVoiceProfileRef
CallControlApplication | {callFlowRef: {name: a}} | ok
CallControlApplication | {callFlowRef: {name: a}, webhookApiVersion: '2'} | ok
CallControlApplication | {callFlowRef: {name: a}, webhookApiVersion: '1'} | callFlowRef needs the operator's own webhook URL
CallControlApplication | {callFlowRef: {name: a}, webhookEventUrl: 'https://a.example'} | callFlowRef needs the operator's own webhook URL

CallFlow | {steps: [{name: a, speak: {payload: b, voice: c}}]} | ok
CallFlow | {steps: [{name: a}]} | a step does one thing
CallFlow | {steps: [{name: a, hangup: {}, answer: {}}]} | a step does one thing

OutboundVoiceProfile | {callingWindow: {startTime: '08:00'}} | set both startTime and endTime, or neither
OutboundVoiceProfile | {callingWindow: {endTime: '08:00'}} | set both startTime and endTime, or neither
OutboundVoiceProfile | {callingWindow: {startTime: '08:00', endTime: '20:00'}} | ok
OutboundVoiceProfile | {callingWindow: {callsPerCld: 2}} | ok
OutboundVoiceProfile | {callRecording: {callRecordingType: by_caller_phone_number}} | callRecordingType by_caller_phone_number needs callRecordingCallerPhoneNumbers
OutboundVoiceProfile | {callRecording: {callRecordingType: by_caller_phone_number, callRecordingCallerPhoneNumbers: []}} | needs callRecordingCallerPhoneNumbers
OutboundVoiceProfile | {callRecording: {callRecordingType: by_caller_phone_number, callRecordingCallerPhoneNumbers: ['+14155550100']}} | ok
OutboundVoiceProfile | {callRecording: {callRecordingType: all}} | ok

Conference | {holdAudioUrl: 'https://a.example/a.mp3'} | ok
Conference | {holdAudioUrl: 'https://a.example/a.mp3', holdMediaName: a} | set at most one of holdAudioUrl and holdMediaName
Conference | {announcements: [{name: a}]} | set exactly one of text and audio
Conference | {announcements: [{name: a, text: {payload: b}, audio: {mediaName: c}}]} | set exactly one of text and audio
Conference | {announcements: [{name: a, audio: {mediaName: c}}]} | ok
Conference | {announcements: [{name: a, audio: {}}]} | set exactly one of audioUrl and mediaName
Conference | {announcements: [{name: a, audio: {mediaName: c, audioUrl: 'https://a.example/a.mp3'}}]} | set exactly one of audioUrl and mediaName
Conference | {participants: [{label: chair}]} | ok
Conference | {participants: [{}]} | set exactly one of label and callControlId
Conference | {participants: [{label: chair, callControlId: 'v3:a'}]} | set exactly one of label and callControlId

OutboundCampaign | {targets: null, targetsFrom: {configMap: {name: a, key: list.csv}}} | ok
OutboundCampaign | {targetsFrom: {configMap: {name: a, key: list.csv}}} | set exactly one of targets (up to 100, here) and targetsFrom
OutboundCampaign | {targets: null} | set exactly one of targets (up to 100, here) and targetsFrom
OutboundCampaign | {targets: null, targetsFrom: {}} | set exactly one of configMap, secret and object
OutboundCampaign | {targets: null, targetsFrom: {configMap: {name: a, key: a.csv}, secret: {name: a, key: a.csv}}} | set exactly one of configMap, secret and object
OutboundCampaign | {targets: null, targetsFrom: {secret: {name: a, key: list.ndjson}}} | ok
OutboundCampaign | {targets: null, targetsFrom: {secret: {name: a, key: list}}} | set format, or name a key or url that ends in .csv, .jsonl or .ndjson
OutboundCampaign | {targets: null, targetsFrom: {configMap: {name: a, key: listcsv}}} | set format, or name a key or url that ends in
OutboundCampaign | {targets: null, targetsFrom: {configMap: {name: a, key: list}, format: Csv}} | ok
OutboundCampaign | {targets: null, targetsFrom: {configMap: {name: a, key: list.csv.gz}}} | ok
OutboundCampaign | {targets: null, targetsFrom: {configMap: {name: a, key: list.gz}}} | set format, or name a key or url that ends in
OutboundCampaign | {targets: null, targetsFrom: {object: {url: 'https://a.example/list.jsonl.zst?sig=1'}}} | ok
OutboundCampaign | {targets: null, targetsFrom: {object: {url: 'https://a.example/list'}}} | set format, or name a key or url that ends in
OutboundCampaign | {targets: null, targetsFrom: {object: {url: 'https://a.example/list'}, format: JsonLines}} | ok
OutboundCampaign | {targets: null, targetsFrom: {object: {url: 'https://a.example/a.csv'}, secret: {name: a, key: a.csv}}} | set exactly one of configMap, secret and object
OutboundCampaign | {targets: null, targetsFrom: {object: {url: 's3://bucket/a.csv', region: eu-central-1, endpoint: 'https://minio.example'}}} | ok
OutboundCampaign | {targets: null, targetsFrom: {object: {url: 'gs://bucket/a.csv', region: eu-central-1}}} | region and endpoint are for s3:// only
OutboundCampaign | {targets: null, targetsFrom: {object: {url: 'https://a.example/a.csv', endpoint: 'https://minio.example'}}} | region and endpoint are for s3:// only
OutboundCampaign | {targets: null, targetsFrom: {configMap: {name: a, key: list}, format: JsonLines, columns: {to: Phone}}} | columns are for format Csv only
OutboundCampaign | {targets: null, targetsFrom: {configMap: {name: a, key: list}, format: Csv, columns: {to: Phone}}} | ok
OutboundCampaign | {results: {sink: {url: 'https://a.example/'}}} | ok
OutboundCampaign | {results: {sink: {url: 'https://a.example/', auth: Hmac, secretRef: {name: a, key: b}}}} | ok
OutboundCampaign | {results: {sink: {url: 'https://a.example/', auth: Bearer}}} | set both auth and secretRef, or neither
OutboundCampaign | {results: {sink: {url: 'https://a.example/', secretRef: {name: a, key: b}}}} | set both auth and secretRef, or neither
OutboundCampaign | {dryRun: true, dryRunAssumptions: {answerPercent: 50, machinePercent: 48}} | ok
OutboundCampaign | {dryRunAssumptions: {answerPercent: 50, machinePercent: 49}} | must add up to 100 at most

DoNotCallList | {numbers: null, sources: null} | set numbers, sources or receivesOptOuts
DoNotCallList | {numbers: null, sources: null, receivesOptOuts: true} | ok
DoNotCallList | {sources: null} | ok
DoNotCallList | {numbers: null} | ok
DoNotCallList | {storage: Hashed} | storage Hashed needs saltSecretRef
DoNotCallList | {saltSecretRef: {name: a, key: b}} | saltSecretRef needs storage Hashed
DoNotCallList | {storage: Hashed, saltSecretRef: {name: a, key: b}} | ok
DoNotCallList | {sources: [{}]} | set exactly one of configMap, secret and url
DoNotCallList | {sources: [{configMap: {name: a, key: b}, secret: {name: a, key: b}}]} | set exactly one of configMap, secret and url
DoNotCallList | {sources: [{url: {address: 'https://a.example/b.csv'}}]} | ok

DialJob | {campaignRef: {name: a, uid: b}} | set exactly one of campaignRef and plan
DialJob | {plan: null} | set exactly one of campaignRef and plan
DialJob | {plan: null, campaignRef: {name: a, uid: b}} | ok
DialJob | {callFlow: {name: a, revision: 1, uid: b}} | callFlow is only for the jobs of campaigns
DialJob | {plan: null, campaignRef: {name: a, uid: b}, callFlow: {name: a, revision: 1, uid: b}} | ok
DialJob | {targets: null} | set exactly one of targets and targetsFrom
DialJob | {targetsFrom: {secretRef: {name: a, key: b, sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}}} | set exactly one of targets and targetsFrom
DialJob | {targets: null, targetsFrom: {secretRef: {name: a, key: b, sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}}} | ok
";

/// New campaigns, and new jobs that stand alone.
pub(crate) const PLANS: &str = "
{announcement: {}} | set exactly one of text and audio
{announcement: {text: {payload: a}, audio: {url: 'https://a.example/a.mp3'}}} | set exactly one of text and audio
{announcement: {audio: {url: 'https://a.example/a.mp3'}}} | ok
{announcement: null} | set exactly one of announcement (played to whom answers) and callFlowRef
{callFlowRef: {name: a}} | set exactly one of announcement (played to whom answers) and callFlowRef
{announcement: null, callFlowRef: {name: a}} | ok
{announcement: null, callFlowRef: {name: a, revision: 3}} | ok
{windows: []} | ok
{windows: [{days: [Mon], start: '00:00', end: '24:00'}]} | ok
{windows: [{days: [Mon], start: '22:00', end: '06:00'}]} | end must be after start
{windows: [{days: [Mon], start: '22:00', end: '22:00'}]} | end must be after start
{purpose: Telemarketing} | ok
{purpose: Telemarketing, windows: [{days: [Mon], start: '08:00', end: '21:00'}], compliance: {preset: UsTelemarketing}} | ok
{purpose: Telemarketing, windows: [{days: [Mon], start: '08:00', end: '20:00'}]} | keeps the preset Strict
{purpose: Telemarketing, windows: [{days: [Mon], start: '09:00', end: '20:01'}], compliance: {consentRequired: true}} | keeps the preset Strict
{purpose: Telemarketing, windows: [{days: [Fri, Sat], start: '09:00', end: '17:00'}]} | keeps the preset Strict
{purpose: Telemarketing, windows: [{days: [Sat], start: '10:00', end: '17:01'}]} | keeps the preset Strict
{purpose: Telemarketing, windows: [{days: [Sun], start: '12:00', end: '13:00'}]} | keeps the preset Strict
{purpose: Telemarketing, windows: [{days: [Mon, Fri], start: '09:00', end: '20:00'}, {days: [Sat], start: '10:00', end: '17:00'}]} | ok
{purpose: DebtCollection, windows: [{days: [Sun], start: '08:00', end: '21:00'}]} | ok
{purpose: Telemarketing, windows: [{days: [Mon], start: '18:00', end: '21:30'}]} | windows must lie within 08:00 and 21:00
{purpose: DebtCollection, windows: [{days: [Mon], start: '07:59', end: '12:00'}]} | windows must lie within 08:00 and 21:00
{purpose: Informational, windows: [{days: [Mon], start: '18:00', end: '21:30'}]} | ok
{startAt: '2030-01-01T00:00:00Z', stopAt: '2030-01-01T00:00:00Z'} | stopAt must be after startAt
{startAt: '2030-01-01T00:00:00Z', stopAt: '2030-01-01T00:00:01Z'} | ok
{startAt: tomorrow} | date-time
{compliance: {}} | ok
{compliance: {holidays: [{date: '2026-12-25', name: Christmas}, {date: '2026-10-03', timeZones: [Europe/Berlin]}]}} | ok
{compliance: {blackouts: [{start: '2030-01-01T00:00:00Z', end: '2030-01-01T00:00:01Z', name: outage}]}} | ok
{compliance: {blackouts: [{start: '2030-01-01T00:00:00Z', end: '2030-01-01T00:00:00Z'}]}} | nobody is called between them
{pacing.dialsPerSecond: 0} | use suspend to stop dialing
{pacing.dialsPerSecond: 0.01} | ok
{announcement: null, callFlowRef: {name: f}, pacing.mode: Adaptive} | mode Adaptive needs adaptive, with its agents
{pacing: {mode: Adaptive, adaptive: {agents: {count: 3}}}} | pacing.mode Adaptive needs callFlowRef
{pacing.adaptive: {agents: {count: 3}}} | adaptive is for mode Adaptive alone
{announcement: null, callFlowRef: {name: f}, pacing: {mode: Adaptive, adaptive: {agents: {count: 3}}}} | ok
{announcement: null, callFlowRef: {name: f}, pacing: {mode: Adaptive, adaptive: {agents: {}}}} | without agents nobody may be called
{announcement: null, callFlowRef: {name: f}, pacing: {mode: Adaptive, adaptive: {agents: {queueRef: {name: q}}}}} | set exactly one of count
{announcement: null, callFlowRef: {name: f}, pacing: {mode: Adaptive, adaptive: {agents: {count: 3, queueRef: {name: q}}}}} | ok
{announcement: null, callFlowRef: {name: f}, pacing: {mode: Adaptive, adaptive: {agents: {conferenceRef: {name: c}}}}} | ok
{announcement: null, callFlowRef: {name: f}, pacing: {mode: Adaptive, adaptive: {agents: {conferenceRef: {name: c}, queueRef: {name: q}}}}} | queueRef needs count
{announcement: null, callFlowRef: {name: f}, pacing: {mode: Adaptive, adaptive: {agents: {count: 3, conferenceRef: {name: c}}}}} | set exactly one of count
{announcement: null, callFlowRef: {name: f}, pacing: {mode: Adaptive, adaptive: {agents: {count: 3}, abandonRateTarget: 0.02, hardStop: 0.01}}} | abandonRateTarget must not be above hardStop
{announcement: null, callFlowRef: {name: f}, pacing: {mode: Adaptive, adaptive: {agents: {count: 3}, abandonRateTarget: 0}}} | should be greater than or equal to 0.001
{budget: {}} | set maxCalls, cost or both
{budget: {maxCalls: 5}} | ok
{budget: {cost: {max: '5', perMinute: '0.01'}}} | ok
{budget: {maxCalls: 5, cost: {max: '5', perCall: '0.01'}}} | ok
{budget: {cost: {max: '5'}}} | max must be above 0, and so must perMinute or perCall
{budget: {cost: {max: '0.0', perMinute: '0.01'}}} | max must be above 0, and so must perMinute or perCall
{ringTimeoutSecs: 60, maxCallSecs: 60} | maxCallSecs must be longer than ringTimeoutSecs
{ringTimeoutSecs: 60, maxCallSecs: 61} | ok
{retry.rules: [{outcomes: [Busy], action: Retry, afterSecs: 60}]} | ok
{retry.rules: [{outcomes: [Busy], action: FailTarget, afterSecs: 60}]} | afterSecs is only for actions Retry and Ignore
{retry.rules: [{outcomes: [Busy], action: Ignore, afterSecs: 60}]} | ok
{retry.rules: [{outcomes: [Busy], action: Ignore, atMost: 2}]} | atMost is only for action Retry
{retry.rules: [{sipCodes: [603], heard: [Human], action: Retry, atMost: 2}]} | ok
{retry.rules: [{action: FailTarget}]} | set at least one of outcomes, sipCodes, heard and details
{retry.rules: [{details: [unclear], action: Retry}]} | ok
{targets: [{id: a, to: '+13125550101', notBefore: '2030-01-01T00:00:00Z', expiresAt: '2030-01-01T00:00:00Z'}]} | expiresAt must be after notBefore
{targets: [{id: a, to: '+13125550101', notBefore: '2030-01-01T00:00:00Z', expiresAt: '2030-01-01T02:00:00+01:00'}]} | ok
";

/// Changes of stored objects: the fields that were stored, and those that are changed.
pub(crate) const CHANGES: &str = "
Queue | {} | {queueName: a} | queueName is immutable
Queue | {queueName: a} | {queueName: b} | queueName is immutable
Queue | {queueName: a} | {queueName: null} | queueName is immutable
Queue | {queueName: a} | {maxSize: 5} | ok
Queue | {} | {accountRef: {name: other}} | accountRef is immutable: a queue
Queue | {import: {id: '1'}} | {import: {id: '2'}} | import.id is immutable
Queue | {} | {import: {id: '2'}} | ok
Queue | {import: {id: '1'}} | {import: null} | ok

Conference | {} | {conferenceName: a} | conferenceName is immutable
DoNotCallList | {} | {accountRef: {name: other}} | accountRef is immutable: create another list
DoNotCallList | {} | {storage: Hashed, saltSecretRef: {name: a, key: b}} | storage and saltSecretRef are immutable
DoNotCallList | {storage: Hashed, saltSecretRef: {name: a, key: b}} | {saltSecretRef: {name: c, key: b}} | storage and saltSecretRef are immutable
DoNotCallList | {} | {numbers: [{number: '+13125550102'}], receivesOptOuts: true} | ok
Conference | {conferenceName: a} | {conferenceName: b} | conferenceName is immutable
Conference | {conferenceName: a} | {conferenceName: null} | conferenceName is immutable
Conference | {} | {accountRef: {name: other}} | accountRef is immutable: a conference
Conference | {conferenceName: a} | {lobby: Open, recording: Running, end: true} | ok

CallControlApplication | {} | {accountRef: {name: other}} | accountRef is immutable: an application
CallControlApplication | {import: {id: '1'}} | {import: {id: '2'}} | import.id is immutable
CallControlApplication | {} | {import: {id: '2'}} | ok

OutboundVoiceProfile | {} | {accountRef: {name: other}} | accountRef is immutable: a profile
OutboundVoiceProfile | {import: {id: '1'}} | {import: {id: '2'}} | import.id is immutable
OutboundVoiceProfile | {} | {import: {id: '2'}} | ok

OutboundCampaign | {} | {accountRef: {name: other}} | accountRef is immutable: create another resource
OutboundCampaign | {} | {applicationRef: {name: other}} | applicationRef is immutable
OutboundCampaign | {} | {announcement: null, callFlowRef: {name: a}} | callFlowRef is immutable, and cannot take the place of an announcement
OutboundCampaign | {announcement: null, callFlowRef: {name: a}} | {callFlowRef: {name: b}} | callFlowRef is immutable
OutboundCampaign | {announcement: null, callFlowRef: {name: a}} | {callFlowRef: {name: a, revision: 2}} | callFlowRef is immutable
OutboundCampaign | {announcement: null, callFlowRef: {name: a}} | {pacing.dialsPerSecond: 5} | ok
OutboundCampaign | {} | {announcement: {text: {payload: Goodbye.}}} | ok
OutboundCampaign | {} | {pacing.dialsPerSecond: 5, windows: [], suspend: true, stopAt: '2030-01-01T00:00:00Z'} | ok
OutboundCampaign | {} | {targets: [{id: two, to: '+13125550102'}]} | targets and targetsFrom can be changed only while the campaign is suspended
OutboundCampaign | {} | {targets: [{id: two, to: '+13125550102'}], suspend: true} | targets and targetsFrom can be changed only while
OutboundCampaign | {suspend: true} | {targets: [{id: two, to: '+13125550102'}]} | ok
OutboundCampaign | {suspend: true} | {targets: [{id: two, to: '+13125550102'}], suspend: false} | ok
OutboundCampaign | {} | {targets: null, targetsFrom: {configMap: {name: a, key: a.csv}}} | targets and targetsFrom can be changed only while
OutboundCampaign | {suspend: true} | {targets: null, targetsFrom: {configMap: {name: a, key: a.csv}}} | ok
OutboundCampaign | {targets: null, targetsFrom: {configMap: {name: a, key: a.csv}}} | {targetsFrom.configMap.name: b} | targets and targetsFrom can be changed only while
OutboundCampaign | {} | {from: ['+14155550199']} | from can be changed only while the campaign is suspended
OutboundCampaign | {} | {from: ['+14155550199'], suspend: true} | from can be changed only while the campaign is suspended
OutboundCampaign | {suspend: true} | {from: ['+14155550199']} | ok
OutboundCampaign | {} | {purpose: Political} | purpose can be changed only while the campaign is suspended
OutboundCampaign | {suspend: true} | {purpose: Political} | ok
OutboundCampaign | {} | {dryRun: true} | dryRun can be set only while the campaign is suspended
OutboundCampaign | {} | {dryRun: true, suspend: true} | dryRun can be set only while the campaign is suspended
OutboundCampaign | {suspend: true} | {dryRun: true} | ok
OutboundCampaign | {suspend: true} | {dryRun: true, suspend: false} | ok
OutboundCampaign | {dryRun: true} | {dryRun: false} | ok
OutboundCampaign | {dryRun: true} | {pacing.dialsPerSecond: 5, targets: [{id: two, to: '+13125550102'}], from: ['+14155550199'], purpose: Political} | ok

DialJob | {} | {plan.suspend: true, plan.pacing.dialsPerSecond: 5, plan.windows: []} | ok
DialJob | {} | {plan.accountRef: {name: other}} | accountRef is immutable: create another resource
DialJob | {} | {plan.applicationRef: {name: other}} | applicationRef is immutable
DialJob | {} | {plan: null, campaignRef: {name: a, uid: b}} | campaignRef is immutable
DialJob | {plan.announcement: null, plan.callFlowRef: {name: a}} | {plan.callFlowRef: {name: b}} | callFlowRef is immutable
DialJob | {plan: null, campaignRef: {name: a, uid: b}, callFlow: {name: a, revision: 1, uid: b}} | {callFlow.revision: 2} | callFlow is immutable
DialJob | {plan: null, campaignRef: {name: a, uid: b}} | {campaignRef.uid: c} | campaignRef is immutable
DialJob | {} | {targets: [{id: two, to: '+13125550102'}]} | targets and targetsFrom are immutable
DialJob | {} | {targets: null, targetsFrom: {secretRef: {name: a, key: b, sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}}} | targets and targetsFrom are immutable
DialJob | {targets: null, targetsFrom: {secretRef: {name: a, key: b, sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}}} | {targetsFrom.secretRef.name: b} | targets and targetsFrom are immutable
";

/// A change of each field of a plan that a job fixes.
pub(crate) const CHANGES_OF_PLANS: &str = "
from: ['+14155550199']
fromSelection: Sticky
purpose: Political
announcement: {text: {payload: Goodbye.}}
callFlowRef: {name: a}
amd: {mode: premium}
ringTimeoutSecs: 31
maxCallSecs: 601
calleeTimeZone: {default: UTC}
retry: {maxAttemptsPerTarget: 1}
onAmbiguous: Skip
drainPolicy: HangupAll
startAt: '2030-01-01T00:00:00Z'
stopAt: '2030-01-01T00:00:00Z'
";

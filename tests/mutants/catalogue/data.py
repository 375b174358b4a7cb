"""Faults of databases, cache, buckets and backups."""

from tests.mutants.changes import RANDOM, drop, gone, keep, policies, put, reads, renamed
from tests.mutants.fault import Fault

DATABASE, CACHE = "data/*Instance", "data/CacheReplicationGroup"
BUCKET = "AWS::S3::Bucket"
BUCKETS = "data/*Bucket"

FAULTS = (
    Fault("database without encryption", DATABASE, put("StorageEncrypted", to=False), "A copied snapshot tells every listener's data."),
    Fault("database under AWS's key", DATABASE, drop("KmsKeyId"), "No policy of ours says who decrypts."),
    Fault("database in the Internet", DATABASE, put("PubliclyAccessible", to=True), "It is found within the hour."),
    Fault(
        "database without standby", DATABASE, put("MultiAZ", to=False), "The loss of a zone takes it away for hours instead of a minute."
    ),
    Fault("database that may be deleted", DATABASE, put("DeletionProtection", to=False), "One click, and the catalogue is gone."),
    Fault("database deleted with its stack", DATABASE, policies(DeletionPolicy="Delete"), "The same by a deployment."),
    Fault(
        "database lost when it is replaced", DATABASE, policies(UpdateReplacePolicy="Delete"), "An update that replaces it starts empty."
    ),
    Fault("database renamed", DATABASE, renamed, "CloudFormation makes an empty one and deletes the other."),
    Fault("database without backups", DATABASE, put("BackupRetentionPeriod", to=0), "A wrong DELETE cannot be taken back."),
    Fault("database with a week of backups", DATABASE, put("BackupRetentionPeriod", to=7), "An error noticed after a fortnight stays."),
    Fault("database whose backups go with it", DATABASE, put("DeleteAutomatedBackups", to=True), "Deleting by mistake is final."),
    Fault("database without logins by IAM", DATABASE, put("EnableIAMDatabaseAuthentication", to=False), "People share a password."),
    Fault(
        "database without TLS",
        "data/*ParameterGroup",
        put("Parameters", "require_secure_transport", to="0"),
        "Passwords travel in clear.",
        of="AWS::RDS::DBParameterGroup",
    ),
    Fault(
        "database with TLS of yesterday",
        "data/*ParameterGroup",
        put("Parameters", "tls_version", to="TLSv1.1,TLSv1.2"),
        "Connections can be downgraded.",
        of="AWS::RDS::DBParameterGroup",
    ),
    Fault("database without parameter group", DATABASE, drop("DBParameterGroupName"), "TLS is not asked for any more."),
    Fault("database without audit log", DATABASE, put("EnableCloudwatchLogsExports", to=["error"]), "Nobody knows who logged in."),
    Fault("database that nobody watches", DATABASE, put("MonitoringInterval", to=0), "A slow evening cannot be explained."),
    Fault(
        "database in extended support",
        DATABASE,
        put("EngineLifecycleSupport", to="open-source-rds-extended-support"),
        "It is charged without a word.",
    ),
    Fault("database of an old version", DATABASE, put("EngineVersion", to="8.0.42"), "No fixes any more."),
    Fault("database whose master is admin", DATABASE, put("MasterUsername", to="admin"), "Half of the login is known."),
    Fault(
        "database with a password of ours",
        DATABASE,
        put("MasterUserPassword", to=RANDOM),
        "It stands in every copy of the template.",
    ),
    Fault("database that fills up", DATABASE, drop("MaxAllocatedStorage"), "It stops at three in the morning."),
    Fault(
        "database events unheard",
        "data/DatabaseEvents*",
        gone,
        "Nobody hears that it fails over every night.",
        of="AWS::RDS::EventSubscription",
    ),
    Fault("cache without encryption", CACHE, put("AtRestEncryptionEnabled", to=False), "Sessions lie on disk."),
    Fault("cache that takes plain text", CACHE, put("TransitEncryptionMode", to="preferred"), "Sessions can be read on the wire."),
    Fault("cache without failover", CACHE, put("AutomaticFailoverEnabled", to=False), "A lost node stops every service."),
    Fault("cache in one zone", CACHE, put("ReplicasPerNodeGroup", to=0), "The same with a zone."),
    Fault("cache without users", CACHE, drop("UserGroupIds"), "Whoever reaches it deletes everything."),
    Fault("cache with a default user", "data/CacheUsersdefault", put("AccessString", to="on ~* +@all"), "No password is needed."),
    Fault(
        "cache user without limits",
        "data/CacheUsers*",
        put("AccessString", to="on ~* +@all"),
        "One service flushes the others.",
        of="AWS::ElastiCache::User",
    ),
    Fault("cache without snapshots", CACHE, put("SnapshotRetentionLimit", to=0), "Rate counters and sessions are lost with it."),
    Fault(
        "cache without eviction",
        "data/CacheRedis7Parameters",
        put("Properties", "maxmemory-policy", to="noeviction"),
        "At the evening peak it takes no more writes.",
    ),
    Fault("cache renamed", CACHE, renamed, "It starts empty, and the database takes the whole load."),
    Fault("bucket public", BUCKETS, drop("PublicAccessBlockConfiguration"), "One wrong policy, and anybody copies every track.", of=BUCKET),
    Fault(
        "bucket with one door ajar",
        BUCKETS,
        put("PublicAccessBlockConfiguration", "BlockPublicPolicy", to=False),
        "The same, with one line less.",
        of=BUCKET,
    ),
    Fault(
        "bucket without encryption of ours",
        "data/[AUW]*Bucket",
        drop("BucketEncryption"),
        "No policy of ours says who decrypts.",
        of=BUCKET,
    ),
    Fault("bucket without versions", "data/*Bucket", drop("VersioningConfiguration"), "What is overwritten is lost.", of=BUCKET),
    Fault(
        "bucket without access log", "data/[AUW]*Bucket", drop("LoggingConfiguration"), "Nobody knows who copied the library.", of=BUCKET
    ),
    Fault(
        "bucket with access lists",
        BUCKETS,
        put("OwnershipControls", "Rules", 0, "ObjectOwnership", to="ObjectWriter"),
        "An uploader decides who reads.",
        of=BUCKET,
    ),
    Fault("bucket deleted with its stack", BUCKETS, policies(DeletionPolicy="Delete"), "Every track is gone.", of=BUCKET),
    Fault("bucket renamed", BUCKETS, renamed, "Listeners hear nothing: the new bucket is empty.", of=BUCKET),
    Fault(
        "bucket without end of old versions",
        "data/[AU]*Bucket",
        drop("LifecycleConfiguration"),
        "Erased tracks live on, and cost.",
        of=BUCKET,
    ),
    Fault(
        "access logs kept for a month",
        "data/LogsBucket",
        reads('"ExpirationInDays": 365', '"ExpirationInDays": 30'),
        "Access records that the law asks for are gone.",
    ),
    Fault(
        "bucket without TLS",
        "data/*BucketPolicy",
        drop("PolicyDocument", "Statement", 0),
        "Tracks and uploads can be read on the wire.",
        of="AWS::S3::BucketPolicy",
    ),
    Fault(
        "audio library for every distribution",
        "data/AudioBucketPolicy",
        drop("PolicyDocument", "Statement", {"Sid": "DistributionsOfThisAccountRead"}, "Condition"),
        "Anybody puts a distribution of their own before our library.",
    ),
    Fault(
        "audio library for everybody",
        "data/AudioBucketPolicy",
        put("PolicyDocument", "Statement", {"Sid": "DistributionsOfThisAccountRead"}, "Principal", to="*"),
        "The library is copied without a signature.",
    ),
    Fault("uploads that nobody scans", "data/UploadsMalwareProtectionPlan", gone, "Malware is stored, and served."),
    Fault(
        "uploads from anywhere",
        "data/UploadsBucket",
        put("CorsConfiguration", "CorsRules", 0, "AllowedOrigins", to=["*"]),
        "Any page uploads in a listener's name.",
    ),
    Fault(
        "backup plan without databases",
        "data/BackupPlanData",
        keep("BackupSelection", "Resources", first=1),
        "What was forgotten cannot be brought back.",
    ),
    Fault(
        "backup selection gone",
        "data/BackupPlan*",
        gone,
        "Nothing is backed up, and the plan looks well.",
        of="AWS::Backup::BackupSelection",
    ),
    Fault(
        "backups for a week",
        "data/BackupPlan",
        put("BackupPlan", "BackupPlanRule", 0, "Lifecycle", "DeleteAfterDays", to=7),
        "Ransomware waits for longer.",
    ),
    Fault(
        "backups without continuity",
        "data/BackupPlan",
        put("BackupPlan", "BackupPlanRule", 0, "EnableContinuousBackup", to=False),
        "A day of plays is lost instead of minutes.",
    ),
    Fault(
        "backups abroad",
        "data/BackupPlan",
        put(
            "BackupPlan",
            "BackupPlanRule",
            0,
            "CopyActions",
            to=[{"DestinationBackupVaultArn": "arn:aws:backup:us-east-1:111122223333:backup-vault:copies"}],
        ),
        "Personal data leaves the country without a legal basis.",
    ),
    Fault("vault without lock", "data/BackupVault", drop("LockConfiguration"), "Whoever takes the account over deletes the backups first."),
    Fault("vault that anybody empties", "data/BackupVault", drop("AccessPolicy"), "The same."),
    Fault("vault under AWS's key", "data/BackupVault", drop("EncryptionKeyArn"), "No policy of ours says who decrypts."),
    Fault("vault deleted with its stack", "data/BackupVault", policies(DeletionPolicy="Delete"), "Backups end with what they protect."),
    Fault(
        "vault of a failed start kept",
        "data/BackupVault",
        policies(DeletionPolicy="Retain"),
        "Its name is taken, and nobody deploys again.",
    ),
    Fault("restores that nobody tests", "data/RestoreTestingPlan", gone, "The day of need is the first test."),
    Fault(
        "restores of one kind untested", "data/RestoreTesting*", gone, "The same for that kind.", of="AWS::Backup::RestoreTestingSelection"
    ),
    Fault(
        "restores tested once a year",
        "data/RestoreTestingPlan",
        put("ScheduleExpression", to="cron(0 7 1 1 ? *)"),
        "A broken backup is noticed after months.",
    ),
    Fault(
        "library's restores tested once a year",
        "data/RestoreTestingLargePlan",
        put("ScheduleExpression", to="cron(0 7 1 1 ? *)"),
        "That it takes two days is noticed on the day of need.",
    ),
    Fault("restores that nobody judges", "data/RestoreTestingValidationRule", gone, "An empty database counts as restored."),
)

"""Codes of the audit messages: PS3.16 CID 400 (events), 401 (types), 402 (roles), 404 (objects)."""

from dicom_node.domain.coding import Code

APPLICATION_ACTIVITY = Code("110100", "DCM", "Application Activity")
AUDIT_LOG_USED = Code("110101", "DCM", "Audit Log Used")
BEGIN_TRANSFERRING = Code("110102", "DCM", "Begin Transferring DICOM Instances")
INSTANCES_ACCESSED = Code("110103", "DCM", "DICOM Instances Accessed")
INSTANCES_TRANSFERRED = Code("110104", "DCM", "DICOM Instances Transferred")
STUDY_DELETED = Code("110105", "DCM", "DICOM Study Deleted")
EXPORT = Code("110106", "DCM", "Export")
QUERY = Code("110112", "DCM", "Query")
SECURITY_ALERT = Code("110113", "DCM", "Security Alert")
USER_AUTHENTICATION = Code("110114", "DCM", "User Authentication")

AUDIT_EVENTS = (
    APPLICATION_ACTIVITY,
    AUDIT_LOG_USED,
    BEGIN_TRANSFERRING,
    INSTANCES_ACCESSED,
    INSTANCES_TRANSFERRED,
    STUDY_DELETED,
    EXPORT,
    QUERY,
    SECURITY_ALERT,
    USER_AUTHENTICATION,
)

APPLICATION_START = Code("110120", "DCM", "Application Start")
APPLICATION_STOP = Code("110121", "DCM", "Application Stop")
LOGIN = Code("110122", "DCM", "Login")
NODE_AUTHENTICATION = Code("110126", "DCM", "Node Authentication")
AUDIT_RECORDING_STOPPED = Code("110133", "DCM", "Audit Recording Stopped")
AUDIT_RECORDING_STARTED = Code("110134", "DCM", "Audit Recording Started")

APPLICATION = Code("110150", "DCM", "Application")
DESTINATION = Code("110152", "DCM", "Destination Role ID")
SOURCE = Code("110153", "DCM", "Source Role ID")
DESTINATION_MEDIA = Code("110154", "DCM", "Destination Media")

PATIENT_NUMBER = Code("2", "RFC-3881", "Patient Number")
URI = Code("12", "RFC-3881", "URI")
STUDY_INSTANCE_UID = Code("110180", "DCM", "Study Instance UID")
SOP_CLASS_UID = Code("110181", "DCM", "SOP Class UID")
NODE_ID = Code("110182", "DCM", "Node ID")

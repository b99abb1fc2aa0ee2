"""What every result takes from the CT unchanged, and what it says about its maker."""

from copy import deepcopy
from datetime import datetime

from pydicom import DataElement, Dataset
from pydicom.charset import convert_encodings, encode_string
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import STR_VR

from pedcontour.dicom.codes import PROCESSING_EQUIPMENT, code_item
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.identity import ResultIdentity

MANUFACTURER = "pedcontour"

IMPLEMENTATION_VERSION = "PEDCONTOUR"

PATIENT_AND_STUDY = (
    "SpecificCharacterSet",
    # Patient (PS3.3 C.7.1.1)
    "PatientName PatientID IssuerOfPatientID TypeOfPatientID IssuerOfPatientIDQualifiersSequence PatientBirthDate",
    "PatientBirthTime PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar",
    "PatientAlternativeCalendar PatientSex QualityControlSubject OtherPatientIDs OtherPatientNames",
    "OtherPatientIDsSequence EthnicGroup EthnicGroupCodeSequence PatientComments PatientSpeciesDescription",
    "PatientSpeciesCodeSequence PatientBreedDescription PatientBreedCodeSequence BreedRegistrationSequence",
    "ResponsiblePerson ResponsiblePersonRole ResponsibleOrganization PatientIdentityRemoved DeidentificationMethod",
    "DeidentificationMethodCodeSequence ReferencedPatientSequence SourcePatientGroupIdentificationSequence",
    "GroupOfPatientsIdentificationSequence",
    # Clinical Trial Subject (C.7.1.3)
    "ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialProtocolName ClinicalTrialSiteID",
    "ClinicalTrialSiteName ClinicalTrialSubjectID ClinicalTrialSubjectReadingID",
    "ClinicalTrialProtocolEthicsCommitteeName ClinicalTrialProtocolEthicsCommitteeApprovalNumber",
    # General Study (C.7.2.1)
    "StudyInstanceUID StudyDate StudyTime ReferringPhysicianName ReferringPhysicianIdentificationSequence",
    "ConsultingPhysicianName ConsultingPhysicianIdentificationSequence StudyID AccessionNumber",
    "IssuerOfAccessionNumberSequence StudyDescription PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence",
    "NameOfPhysiciansReadingStudy PhysiciansReadingStudyIdentificationSequence ReferencedStudySequence",
    "ProcedureCodeSequence RequestingService RequestingServiceCodeSequence ReasonForPerformedProcedureCodeSequence",
    # Patient Study (C.7.2.2)
    "AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence PatientAge PatientSize PatientSizeCodeSequence",
    "PatientBodyMassIndex PatientWeight MeasuredAPDimension MeasuredLateralDimension MedicalAlerts Allergies",
    "SmokingStatus PregnancyStatus LastMenstrualDate PatientState Occupation AdditionalPatientHistory AdmissionID",
    "IssuerOfAdmissionIDSequence ServiceEpisodeID ServiceEpisodeDescription IssuerOfServiceEpisodeIDSequence",
    "PatientSexNeutered ReasonForVisit ReasonForVisitCodeSequence",
    # Clinical Trial Study (C.7.2.3)
    "ClinicalTrialTimePointID ClinicalTrialTimePointDescription ConsentForClinicalTrialUseSequence",
    "LongitudinalTemporalOffsetFromEvent LongitudinalTemporalEventType ClinicalTrialTimePointTypeCodeSequence",
    # Frame of Reference (C.7.4.1)
    "FrameOfReferenceUID PositionReferenceIndicator",
)
"""The attributes that images and results of one study must share, by module."""

MAY_BE_EMPTY = (
    "PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime ReferringPhysicianName StudyID",
    "AccessionNumber PositionReferenceIndicator",
)
"""Type 2: must be present, if only empty; some CT headers lack them."""


def tags_of(keywords: tuple[str, ...]) -> list[BaseTag]:
    """Tags of attribute keywords, several to a string."""
    return [Tag(tag) for text in keywords for word in text.split() if (tag := tag_for_keyword(word)) is not None]


CHARACTER_SET = Tag("SpecificCharacterSet")

COPIED = tags_of(PATIENT_AND_STUDY)


def copy_from_ct(header: Dataset, target: Dataset) -> None:
    """Copy patient, study and frame of reference from a CT header, text byte for byte.

    Attributes that a result must have and the CT lacks are added empty.
    """
    for tag in COPIED:
        if tag in target:
            del target[tag]
        if tag in header and (tag != CHARACTER_SET or header[tag].value):  # an empty character set is the default one
            target[tag] = verbatim(header, tag)
    for tag in tags_of(MAY_BE_EMPTY):
        if tag not in target:
            target.add_new(tag, dictionary_VR(tag), None)


def verbatim(header: Dataset, tag: BaseTag) -> DataElement | RawDataElement:
    """An element of a header that is written with the bytes that it was read with.

    Text goes as bytes, so that neither a malformed value nor a character set is touched; sequences are copied.
    """
    raw = header.get_item(tag)
    if isinstance(raw, RawDataElement) and raw.value is not None and dictionary_VR(tag) in STR_VR:
        return as_bytes(tag, raw.value)
    element = header[tag]
    if element.VR in ("LO", "SH", "LT", "ST", "UT", "UC") and isinstance(element.value, str):
        # A header that was read through before: back to bytes under its own character set.
        encodings = convert_encodings(header.get("SpecificCharacterSet", "ISO_IR 6"))
        return as_bytes(tag, encode_string(element.value, encodings))
    return deepcopy(element)


def as_bytes(tag: BaseTag | int, value: bytes, *, implicit_vr: bool = False) -> RawDataElement:
    """An element whose value is written as it is; see ``hold_bytes``. ``implicit_vr`` is how a sequence is encoded."""
    if len(value) % 2:
        value += b" " if dictionary_VR(tag) in STR_VR - {"UI"} else b"\0"
    return RawDataElement(Tag(tag), dictionary_VR(tag), len(value), value, 0, implicit_vr, True)


def hold_bytes(dataset: Dataset, *, implicit_vr: bool) -> None:
    """Tell pydicom that raw elements of ``dataset`` fit the encoding it will be written in: it then copies them."""
    dataset.set_original_encoding(implicit_vr, True, dataset._character_set)


def describe_result(target: Dataset, result: ContouredSeries, *, purpose: str, series_number: int) -> None:
    """Fill the modules that both formats share: series, equipment and SOP common.

    ``purpose`` ("rtstruct", "seg") makes the UIDs, so a retry of the job gives the same ones. Dates are those of the
    job.
    """
    identity = result.identity
    date, time = da(identity.created), tm(identity.created)
    target.SOPInstanceUID = identity.uid(f"{purpose}-instance")
    target.InstanceCreationDate, target.InstanceCreationTime = date, time
    target.SeriesInstanceUID = identity.uid(f"{purpose}-series")
    target.SeriesNumber = series_number
    target.SeriesDate, target.SeriesTime = date, time
    target.SeriesDescription = result.origin.description
    target.InstanceNumber = 1
    target.Manufacturer = MANUFACTURER
    target.ManufacturerModelName = model_name(identity)
    target.DeviceSerialNumber = identity.model_digest[:64]
    target.SoftwareVersions = software_versions(identity)
    target.ContributingEquipmentSequence = [equipment_item(result)]


def model_name(identity: ResultIdentity) -> str:
    """The model's id as it fits the value representation LO."""
    return identity.model_id[:64]


def software_versions(identity: ResultIdentity) -> list[str]:
    """The model's digest and the program's version.

    SHA-256 in hex is exactly as long as LO allows, so it must not come last and be padded.
    """
    return [identity.model_digest[:64], f"pedcontour {identity.software_version}"[:64]]


def equipment_item(result: ContouredSeries) -> Dataset:
    """The item of ContributingEquipmentSequence that says what made the contours."""
    identity, origin = result.identity, result.origin
    maker = f"{'Model' if origin.by_network else 'Made by'} {identity.model_id}, SHA-256 {identity.model_digest}."
    item = Dataset()
    item.Manufacturer = MANUFACTURER
    item.ManufacturerModelName = model_name(identity)
    item.SoftwareVersions = software_versions(identity)
    item.ContributionDateTime = dt(identity.created)
    item.ContributionDescription = f"{origin.notice} {maker}"[:1024]
    item.PurposeOfReferenceCodeSequence = [code_item(PROCESSING_EQUIPMENT)]
    return item


def algorithm_name(identity: ResultIdentity) -> str:
    """The algorithm's name in both formats: program and model."""
    return f"pedcontour {identity.model_id}"[:64]


def da(moment: datetime) -> str:
    """A date as the value representation DA, on this machine's clock.

    Dates and times without an offset are local ones (PS3.3 C.12.1.1.8), as those are that come from the CT.
    """
    return moment.astimezone().strftime("%Y%m%d")


def tm(moment: datetime) -> str:
    """A time as the value representation TM, in whole seconds, on this machine's clock."""
    return moment.astimezone().strftime("%H%M%S")


def dt(moment: datetime) -> str:
    """Both as the value representation DT, with the offset from UTC that DA and TM cannot hold."""
    return moment.astimezone().strftime("%Y%m%d%H%M%S%z")
